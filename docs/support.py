"""Measures how often an answer is invented, and how often a right one is refused; JSON on stdout.

    python docs/support.py docs/sample/absent.json docs/sample/facts.json \
        --document docs/sample/harbour-report.pdf --quick --out rows.jsonl
    python docs/support.py --fit rows.jsonl
    python docs/support.py --sum rows.jsonl

Each question is answered as with ``--absent note``, so that one run says what is answered with and
without looking at whether the document has an answer. Of the kind ``absent`` an answer is invented
if it does not say that the document does not tell; ``caught`` are those among them that
``supported: no`` keeps back. Of the other kinds ``lost`` are right answers that it keeps back.
Rows are appended to ``--out``; what is in there is not asked again. ``--fit`` fits the weights of a
model to some rows (logistic regression) and prints them, as ``catalogue.json`` has them; ``--sum``
adds up what the weights of the catalogue make of the signs in some rows.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from keydiff_cli import Reader
from keydiff_cli.bench.asked_documents import AskedDocument, Choice, load_questions
from keydiff_cli.bench.verdicts import ABSENT, judge
from keydiff_cli.engine.support import Signs, Weights, level
from keydiff_cli.models.catalogue import catalogue
from keydiff_cli.settings.config import Settings
from keydiff_cli.settings.resolving import resolve
from keydiff_cli.text.absence import says_absent

NAMES = ("says", "absent", "least")
STEPS, RATE, DECAY = 6000, 0.5, 0.01  # of the fit
NONE = Weights(says=1.0, absent=0.0, least=0.0, bias=0.0)
Row = dict[str, Any]
seen: list[Signs] = []  # of the question that is being answered


class Watching(Weights):
    """Weights that remember what they weighed."""

    def probability(self, signs: Signs) -> float:
        seen.append(signs)
        return super().probability(signs)


def answered(
    document: AskedDocument, settings: Settings, quick: bool, done: set[tuple[str, str]]
) -> Iterator[Row]:
    """A row for each question about a document that was not asked before."""
    name = document.path.name
    questions = [each for each in document.questions if (name, each.text) not in done]
    if not questions:
        return
    with Reader(settings) as reader:
        reader.read([document.path], quick=quick)
        known = reader.held.support or NONE  # what comes of none says nothing; the signs do
        reader._held = replace(reader.held, support=Watching(**asdict(known)))
        for question in questions:
            seen.clear()
            started = time.perf_counter()
            answer = reader.ask(question.text)
            report = reader.report
            yield {
                "document": name,
                "kind": question.kind,
                "question": question.text,
                "reference": question.reference,
                "answer": answer,
                "alone": not report.second_look,
                "right": judge(answer, question.text, question.reference, question.kind),
                "supported": report.supported,
                "support": report.support,
                "certainty": report.certainty,
                "signs": asdict(seen[-1]) if seen else None,
                "seconds": time.perf_counter() - started,
            }


def weighed(row: Row, weights: Weights) -> Row:
    """A row with what weights make of its signs; it stays if the answer says that there is none."""
    if row["signs"] is None or says_absent(row["answer"]):
        return row
    support = weights.probability(Signs(**row["signs"]))
    return row | {"support": support, "supported": level(support, alone=row.get("alone", False))}


def summary(rows: list[Row], weights: Weights) -> Row:
    """The rates of some rows."""
    rows = [weighed(row, weights) for row in rows]
    absent = [row for row in rows if row["kind"] == ABSENT]
    invented = [row for row in absent if not row["right"]]
    right = [row for row in rows if row["kind"] != ABSENT and row["right"]]
    kept_back = [row for row in right if row["supported"] == "no"]
    return {
        "absent": len(absent),
        "invented_without": len(invented),
        "invented": sum(row["supported"] != "no" for row in invented),
        "invented_and_sure": sum(row["supported"] == "yes" for row in invented),
        "right": len(right),
        "lost": len(kept_back),
        "weak": sum(row["supported"] == "weak" for row in right),
    }


def fit(rows: list[Row]) -> Row:
    """Weights by logistic regression: right answers against absent ones."""
    rows = [row for row in rows if row["signs"] and (row["kind"] == ABSENT or row["right"])]
    wanted = np.array([row["kind"] != ABSENT for row in rows])
    signs = np.array([[row["signs"][name] for name in NAMES] for row in rows])
    mean, spread = signs.mean(axis=0), signs.std(axis=0)
    scaled, weights, bias = (signs - mean) / spread, np.zeros(len(NAMES)), 0.0
    for _ in range(STEPS):
        wrong = 1 / (1 + np.exp(-(scaled @ weights + bias))) - wanted
        weights -= RATE * (scaled.T @ wrong / len(rows) + DECAY * weights)
        bias -= RATE * wrong.mean()
    odds = scaled @ weights + bias
    ranked = (odds[wanted][:, None] > odds[~wanted]).mean()
    bias = bias - float(weights / spread @ mean)
    result = dict(zip(NAMES, weights / spread, strict=True))
    result |= {"bias": bias, "area_under_curve": ranked}
    return {"rows": len(rows)} | {name: round(float(value), 3) for name, value in result.items()}


def read_rows(path: Path) -> list[Row]:
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    return [json.loads(line) for line in text.splitlines()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, nargs="+", help="questions, or rows with --fit")
    parser.add_argument("--document", type=Path, help="what they are about, if they name nothing")
    parser.add_argument("--documents", default="*", help="pattern of the documents' names")
    parser.add_argument("--kinds", default="absent,location,question", help="kinds to ask")
    parser.add_argument("--quick", action="store_true", help="answer from passages alone")
    parser.add_argument("--fit", action="store_true", help="fit weights to rows")
    parser.add_argument("--sum", action="store_true", help="add up some rows")
    parser.add_argument("--out", type=Path, default=Path("support.jsonl"))
    parser.add_argument("--model", default="qwen2.5-coder-1.5b")
    parser.add_argument("--policy")
    parser.add_argument("--budget", type=int, default=1024)
    parser.add_argument("--threads", type=int)
    options = parser.parse_args()
    if options.fit:
        print(json.dumps(fit([row for path in options.data for row in read_rows(path)])))
        return
    entry = catalogue().get(options.model)
    known = Weights(**entry.support) if entry is not None and entry.support else NONE
    if options.sum:
        print(json.dumps(summary([row for path in options.data for row in read_rows(path)], known)))
        return
    names = ("model", "policy", "budget", "threads")
    given = {name: getattr(options, name) for name in names}
    settings = resolve(given | {"absent": "note"}).settings
    rows, kinds = read_rows(options.out), options.kinds.split(",")
    for data in options.data:
        for document in load_questions(data, options.document, Choice(documents=options.documents)):
            chosen = tuple(each for each in document.questions if each.kind in kinds)
            done = {(row["document"], row["question"]) for row in rows}
            asked = replace(document, questions=chosen)
            for row in answered(asked, settings, options.quick, done):
                rows.append(row)
                with options.out.open("a", encoding="utf-8") as file:
                    print(json.dumps(row, ensure_ascii=False), file=file)
                print(row["kind"], row["right"], row["supported"], row["question"], file=sys.stderr)
    print(json.dumps(summary(rows, known)))


if __name__ == "__main__":
    main()
