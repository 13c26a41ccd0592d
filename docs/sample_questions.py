"""Answers the questions about the sample report, read once, and counts the right answers.

``python docs/sample_questions.py --budget 512 --archive full``
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

from keydiff_cli import Reader
from keydiff_cli.settings.config import Settings

SAMPLE = Path(__file__).parent / "sample"


def is_right(answer: str, expected: str) -> bool:
    """Whether an answer has what is expected, thousands separators and case aside."""
    return expected.lower().replace(",", "") in answer.lower().replace(",", "")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="qwen2.5-coder-1.5b")
    parser.add_argument("--policy", default="keydiff-prerope")
    parser.add_argument("--budget", type=int, default=512)
    parser.add_argument("--archive", default="off", help="off, keys or full")
    parser.add_argument("--archive-type", help="f16 or q8_0")
    parser.add_argument("--recall", type=int, default=384, help="tokens that come back")
    parser.add_argument("--second-look", type=int, default=512, help="tokens that are read again")
    options = parser.parse_args()
    settings = Settings(**vars(options), cache=False, max_tokens=48)
    facts = json.loads((SAMPLE / "facts.json").read_text(encoding="utf-8"))
    with Reader(settings) as reader:
        reader.read([SAMPLE / "harbour-report.txt"])
        seconds = reader.report.timing_s.ingest
        print(f"read {reader.report.tokens.document} tokens in {seconds:.1f} s")
        right, recalling, started = 0, 0.0, time.perf_counter()
        for fact in facts:
            answer = reader.ask(fact["question"])
            recalling += reader.report.recall.seconds
            right += is_right(answer, fact["answer"])
            if not is_right(answer, fact["answer"]):
                print(f"wrong: {fact['question']} {answer.strip()!r}")
        asking = time.perf_counter() - started
    print(f"{right} of {len(facts)} right; a question takes {asking / len(facts):.2f} s,")
    print(f"of which recall takes {recalling / len(facts):.2f} s")


if __name__ == "__main__":
    main()
