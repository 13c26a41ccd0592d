"""Measures how often the page that an answer rests on is found, one JSON line on stdout.

    python docs/citations.py --document docs/sample/harbour-report.pdf docs/sample/facts.json

Each question whose pages are known is answered, and of the answers that are right (the
numbers or the name of the reference are in them) it is seen which pages these ways find first:

* words: BM25 of the question with the answer,
* look: the second look, for the question alone,
* attention: the lift of each passage's tokens for the question with the answer, by the heads
  that find passages,
* cited: what ``--cite`` says, the pages of an answer by the sum of their weights.

``cost`` is the time that citing took, as a share of that of the answers. With ``--references``
nothing is answered: what is cited is the reference, so that places are known for all questions.
With ``--verdicts`` the table of a person who read the answers says which are right, where it has
them: columns ``document``, ``question`` (its digest), ``right`` (1 or 0).
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from keydiff_cli import Reader
from keydiff_cli.bench.asked_documents import AskedDocument, Choice, load_questions
from keydiff_cli.bench.verdicts import judge
from keydiff_cli.engine.recall import lifts
from keydiff_cli.reading.citing import Citing
from keydiff_cli.reading.held import Held
from keydiff_cli.settings.config import Settings
from keydiff_cli.settings.resolving import resolve
from keydiff_cli.text.passages import cut_passages
from keydiff_cli.text.prompts import prompt_tokens

WAYS = ("words", "look", "attention", "cited")
Verdicts = dict[tuple[str, str], bool]
FIRST = (1, 3)  # among how many pages the right one is to be


def read_verdicts(path: Path) -> Verdicts:
    """Whether answers are right, by document and question."""
    with path.open(encoding="utf-8", newline="") as file:
        return {
            (row["document"], row["question"]): row["right"] == "1" for row in csv.DictReader(file)
        }


def attended(held: Held, text: str) -> list[int]:
    """The passages that a text attends to, the best first; none without an archive."""
    archive = held.recaller.archive
    if archive is None:
        return []
    cache = held.cache
    asked = prompt_tokens(cache.context.model, held.prompt, text)[1]
    lifted = lifts(cache, archive, asked, held.head, held.recaller.heads)
    starts = np.array([passage.start for passage in cut_passages(held.corpus)])
    return [int(number) for number in np.argsort(-np.maximum.reduceat(lifted, starts))]


def pages(held: Held, numbers: Iterable[int]) -> list[int | None]:
    """The pages of passages, each once."""
    return list(dict.fromkeys(held.second_look.place(number)[0].page for number in numbers))


def found(
    document: AskedDocument, settings: Settings, options: argparse.Namespace, verdicts: Verdicts
) -> Iterator[dict[str, Any]]:
    """For each right answer the rank of the first right page, by each way."""
    with Reader(settings) as reader:
        reader.read([document.path], quick=options.quick)
        for question in document.questions:
            started = time.perf_counter()
            answer = question.reference if options.references else reader.ask(question.text)
            seconds = time.perf_counter() - started
            right = judge(answer, question.text, question.reference, question.kind)
            right = verdicts.get((document.path.name, question.digest), bool(right))
            if not (right or options.references):
                continue
            held = reader.held
            text = f"{question.text} {answer}"
            looked = held.second_look.find(question.text, "", None, settings.second_look)
            started = time.perf_counter()
            follower = Citing(held.second_look, question.text, looked, reader.recorder)
            parts = list(follower.follow([answer]))
            citing = time.perf_counter() - started
            weights: dict[int | None, float] = {}
            for citation in chain.from_iterable(p for p in parts if isinstance(p, tuple)):
                weights[citation.page] = weights.get(citation.page, 0.0) + citation.weight
            ways: dict[str, Sequence[int | None]] = {
                "words": pages(held, held.second_look.ranked(text)),
                "look": pages(held, looked.numbers),
                "attention": pages(held, attended(held, text)),
                "cited": sorted(weights, key=lambda page: -weights[page]),
            }
            yield {
                "question": question.text,
                "answer": answer,
                "ranks": {
                    way: next((n for n, page in enumerate(found, 1) if page in question.pages), 0)
                    for way, found in ways.items()
                },
                "seconds": seconds,
                "citing": citing,
            }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="questions, as for keydiff bench qa --data")
    parser.add_argument("--document", type=Path, help="what they are about, if they name nothing")
    parser.add_argument("--documents", default="*", help="pattern of the documents' names")
    parser.add_argument("--quick", action="store_true", help="answer from passages alone")
    parser.add_argument("--references", action="store_true", help="cite the right answers")
    parser.add_argument("--verdicts", type=Path, help="CSV: which other answers are right")
    parser.add_argument("--model", default="qwen2.5-coder-1.5b")
    parser.add_argument("--budget", type=int, default=1024)
    parser.add_argument("--threads", type=int)
    options = parser.parse_args()
    settings = resolve(vars(options) | {"cite": True}).settings
    rows, verdicts = [], {} if options.verdicts is None else read_verdicts(options.verdicts)
    for document in load_questions(
        options.data, options.document, Choice(documents=options.documents)
    ):
        for row in found(document, settings, options, verdicts):
            rows.append(row)
            print(f"{document.path.name}: {row['ranks']} {row['question']}", file=sys.stderr)
    result = {
        "data": options.data.name,
        "model": options.model,
        "right": len(rows),
        **{
            way: [sum(0 < row["ranks"][way] <= most for row in rows) for most in FIRST]
            for way in WAYS
        },
        "cost": round(sum(row["citing"] for row in rows) / sum(row["seconds"] for row in rows), 4),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
