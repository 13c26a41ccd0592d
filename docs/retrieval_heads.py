"""Measures which query heads of a model find passages best, one JSON line on stdout.

    python docs/retrieval_heads.py --document docs/sample/harbour-report.txt docs/sample/facts.json

For each question the passages that would be right as its answer are those to be found. A head ranks
all passages by the largest lift of their tokens, and counts by the mean reciprocal rank of the
first of these. ``left_out`` shows, for each document, how well heads find its passages that were
chosen on all others: the mean reciprocal rank, and how often the passage is among the first four.
Sources of the idea: retrieval heads (arXiv 2404.15574), QRHead (arXiv 2506.09944).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keydiff_cli import Reader
from keydiff_cli.bench.asked_documents import AskedDocument, Choice, load_questions
from keydiff_cli.bench.verdicts import judge
from keydiff_cli.engine.recall import lifts_by_head, look
from keydiff_cli.settings.config import Settings
from keydiff_cli.settings.resolving import resolve
from keydiff_cli.text.passages import cut_passages
from keydiff_cli.text.prompts import prompt_tokens

MOST = 6  # passages that may be right; of more, any would be found by chance
TRIED = (1, 2, 4, 6, 8, 12, 16, 24)  # numbers of heads

Head = tuple[int, int]  # its layer, and its number in the layer
Lifts = NDArray[np.float32]
Found = list[tuple[Lifts, list[int]]]  # lift of passages by head [heads, passages]; the right ones


def found(document: AskedDocument, settings: Settings) -> tuple[list[Head], Found]:
    """The heads, and for each question with right passages how they lift all passages."""
    questions = []
    with Reader(settings) as reader:
        reader.read([document.path])
        held = reader.held
        cache, archive = held.cache, held.recaller.archive
        if archive is None:
            raise SystemExit(f"{document.path} fits the budget: there is nothing to find")
        passages = cut_passages(held.corpus)
        texts = [held.corpus.text(passage.start, passage.stop) for passage in passages]
        starts = np.array([passage.start for passage in passages])
        model = cache.context.model
        shared = model.query_length // model.key_length // model.kv_heads(0)
        heads = [
            (layer, number)
            for layer, own in enumerate(cache.rows.heads)
            for number in range(own * shared)
        ]
        for question in document.questions:
            asked = (question.text, question.reference, question.kind)
            right = [number for number, text in enumerate(texts) if judge(text, *asked)]
            if not 0 < len(right) <= MOST:
                continue
            look(cache, prompt_tokens(cache.context.model, held.prompt, question.text)[1])
            lifted = []
            for layer in range(len(cache.rows.heads)):
                numbers = [number for other, number in heads if other == layer]
                pieces = list(lifts_by_head(cache, archive, held.head, layer, numbers))
                tokens = np.concatenate(pieces, axis=1)
                lifted.append(np.maximum.reduceat(tokens, starts, axis=1))
            questions.append((np.concatenate(lifted), right))
    return heads, questions


def rank(lifted: Lifts, right: list[int]) -> int:
    """The rank of the first right passage, from 1; lift of the passages: ``[passages]``."""
    order = np.argsort(-lifted, kind="stable")
    return int(np.flatnonzero(np.isin(order, right))[0]) + 1


def by_head(questions: Found) -> NDArray[np.float64]:
    """The mean reciprocal rank of each head by itself: ``[heads]``."""
    ranks = [[1 / rank(head, right) for head in lifted] for lifted, right in questions]
    return np.mean(ranks, axis=0)


def left_out(documents: dict[str, Found]) -> Iterator[dict[str, Any]]:
    """How well heads find passages of a document that were chosen on the others."""
    scores = {name: by_head(questions) for name, questions in documents.items()}
    for name, questions in documents.items():
        others = [score for other, score in scores.items() if other != name]
        order = np.argsort(-np.mean(others, axis=0))
        for count in TRIED:
            ranks = [
                rank(np.log(lifted[order[:count]]).sum(axis=0), right)
                for lifted, right in questions
            ]
            first_four = float(np.mean([place <= 4 for place in ranks]))
            reciprocal = float(np.mean([1 / place for place in ranks]))
            yield {
                "document": name,
                "questions": len(ranks),
                "heads": count,
                "reciprocal_rank": round(reciprocal, 3),
                "among_four": round(first_four, 3),
            }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="questions, as for keydiff bench qa --data")
    parser.add_argument("--document", type=Path, help="what they are about, if they name nothing")
    parser.add_argument("--documents", default="*", help="pattern of the documents' names")
    parser.add_argument("--model", default="qwen2.5-coder-1.5b")
    parser.add_argument("--budget", type=int, default=1024)
    parser.add_argument("--heads", type=int, default=6, help="how many to name")
    parser.add_argument("--threads", type=int)
    options = parser.parse_args()
    settings = resolve(vars(options)).settings
    documents = {}
    for document in load_questions(
        options.data, options.document, Choice(documents=options.documents)
    ):
        heads, questions = found(document, settings)
        print(f"{document.path.name}: {len(questions)} questions", file=sys.stderr)
        if questions:
            documents[document.path.name] = questions
    scores = np.mean([by_head(questions) for questions in documents.values()], axis=0)
    best = np.argsort(-scores)[: options.heads]
    result = {
        "model": options.model,
        "budget": options.budget,
        "questions": {name: len(questions) for name, questions in documents.items()},
        "retrieval_heads": sorted(heads[head] for head in best),
        "left_out": list(left_out(documents)) if len(documents) > 1 else [],
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
