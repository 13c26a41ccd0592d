"""Asks for data by each schema of a folder, and says what came of it.

    python docs/schemas_tried.py FOLDER [--every N] [--model NAME] [--max-tokens N]

The folder has JSON Schemas, one in a file. A line is printed for each, and the counts in the end:
of answers that are valid by their schema, of those that were cut off, of schemas that were refused,
and of answers that are not valid, of which there must be none.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path

from keydiff_cli.errors import AnswerError, UsageError
from keydiff_cli.llama import require_grammar
from keydiff_cli.reading.reader import Reader
from keydiff_cli.settings.checks import SMALLEST_LOOK
from keydiff_cli.settings.config import Settings
from keydiff_cli.shapes import Schema

DOCUMENT = Path(__file__).parent / "sample" / "harbour-report.txt"
QUESTION = "Fill in what the document says."


def outcome(reader: Reader, schema: Schema) -> str:
    """What became of an answer by a schema."""
    try:
        for _ in reader.stream(QUESTION, shape=schema):
            pass
    except AnswerError as error:
        return "cut off" if reader.report.stop_reason == "length" else f"not valid: {error}"
    return "valid"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--every", type=int, default=1, help="Take each N-th schema.")
    parser.add_argument("--model", default="smollm2-135m")
    parser.add_argument("--max-tokens", type=int, default=640)
    given = parser.parse_args()
    settings = Settings(
        model=given.model,
        max_tokens=given.max_tokens,
        second_look=SMALLEST_LOOK,
        cache=False,
        threads=1,
    )
    counts: Counter[str] = Counter()
    with Reader(settings) as reader:
        reader.read([DOCUMENT], quick=True)
        for path in sorted(given.folder.rglob("*.json"))[:: given.every]:
            try:
                schema = Schema.of(json.loads(path.read_text(encoding="utf-8")))
                require_grammar(schema.grammar)
            except UsageError as error:
                counts["refused"] += 1
                print(f"{path.name}: refused: {error}", flush=True)
                continue
            came = outcome(reader, schema)
            counts[came.partition(":")[0]] += 1
            print(f"{path.name}: {came}: {reader.report.answer[:100]!r}", flush=True)
    print(", ".join(f"{count} {what}" for what, count in counts.most_common()))


if __name__ == "__main__":
    main()
