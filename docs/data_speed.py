"""How fast the same question is answered with a grammar and without one, in turns.

    python docs/data_speed.py [--model NAME] [--times N]

Prints the tokens for a second of processor time of each, from the first text on; and of the ratios
of the pairs the median, the least and the greatest. It computes in one thread; where other work
shares the machine's memory, a single ratio says little: take many pairs.
"""

from __future__ import annotations

import argparse
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from statistics import median

from keydiff_cli.errors import AnswerError
from keydiff_cli.reading.reader import Reader
from keydiff_cli.settings.config import Settings
from keydiff_cli.shapes import Schema

DOCUMENT = Path(__file__).parent / "sample" / "harbour-report.txt"
TEXT = {"type": "string", "maxLength": 60}
FIELDS = {
    "publisher": TEXT,
    "year": {"type": "integer"},
    "kind": {"enum": ["report", "contract", "letter"]},
    "summary": {"type": "string", "maxLength": 300},
    "ships": {"type": "array", "items": TEXT, "maxItems": 5},
    "accident": {"type": "boolean"},
}
SCHEMA = {"type": "object", "properties": FIELDS, "required": list(FIELDS)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default=Settings().model)
    parser.add_argument("--times", type=int, default=9, help="Pairs.")
    given = parser.parse_args()
    shape = Schema.of(SCHEMA)
    settings = Settings(model=given.model, max_tokens=160, cache=False, threads=1, second_look=256)
    ratios = []
    with Reader(settings) as reader:
        reader.read([DOCUMENT], quick=True)
        for number in range(given.times):
            ways = {"with": shape, "without": replace(shape, grammar="")}
            names = list(ways) if number % 2 else list(reversed(ways))  # each is first in turn
            rates = {name: rate(reader, ways[name]) for name in names}
            ratios.append(rates["with"] / rates["without"])
            print(", ".join(f"{rates[name]:.2f} {name}" for name in ways), flush=True)
    print(f"ratio: {median(ratios):.3f}, of pairs {min(ratios):.3f} to {max(ratios):.3f}")


def rate(reader: Reader, shape: Schema) -> float:
    """Tokens of an answer for a second of processor time."""
    pieces = reader.stream("What is this report about?", shape=shape)
    next(pieces)
    started = time.process_time()
    with suppress(AnswerError):  # without a grammar it may be anything
        for _ in pieces:
            pass
    return (reader.report.tokens.generated - 1) / (time.process_time() - started)


if __name__ == "__main__":
    main()
