"""How fast the same question is answered with a grammar and without one, in turns.

    python docs/data_speed.py [--model NAME] [--times N]

Prints the tokens of an answer, and tokens for a second of processor time, of each, from the first
text on; and the ratio of the medians. It computes in one thread, so other work on the machine
hardly matters.
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
    parser.add_argument("--times", type=int, default=3)
    given = parser.parse_args()
    shape = Schema.of(SCHEMA)
    rates: dict[str, list[float]] = {"with": [], "without": []}
    settings = Settings(model=given.model, max_tokens=160, cache=False, threads=1, second_look=256)
    with Reader(settings) as reader:
        reader.read([DOCUMENT], quick=True)
        for _ in range(given.times):
            for name, asked in (("with", shape), ("without", replace(shape, grammar=""))):
                pieces = reader.stream("What is this report about?", shape=asked)
                next(pieces)
                started = time.process_time()
                with suppress(AnswerError):  # without a grammar it may be anything
                    for _ in pieces:
                        pass
                tokens = reader.report.tokens.generated
                rate = (tokens - 1) / (time.process_time() - started)
                rates[name].append(rate)
                print(f"{name} a grammar: {tokens} tokens, {rate:.2f} a second", flush=True)
    print(f"ratio: {median(rates['with']) / median(rates['without']):.3f}")


if __name__ == "__main__":
    main()
