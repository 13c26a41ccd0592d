"""LongBench (arXiv 2308.14508) from the JSON-lines files that the user has.

The metrics are those of the benchmark, but for ROUGE-L (see :mod:`keydiff_cli.bench.metrics`); what
the model is told is our own and shorter, so figures are for comparing policies with each other.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from keydiff_cli.bench import metrics
from keydiff_cli.bench.samples import Question, Text
from keydiff_cli.errors import DocumentError

Metric = Callable[[str, str, Sequence[str]], float]


def _plain(metric: Callable[[str, str], float]) -> Metric:
    return lambda answer, reference, _: metric(answer, reference)


_F1, _ROUGE, _EDIT = map(_plain, (metrics.token_f1, metrics.rouge_l, metrics.edit_similarity))
METRICS: dict[str, Metric] = {
    **dict.fromkeys(
        ("narrativeqa", "qasper", "multifieldqa_en", "hotpotqa", "2wikimqa", "musique", "triviaqa"),
        _F1,
    ),
    **dict.fromkeys(("gov_report", "qmsum", "multi_news", "samsum"), _ROUGE),
    **dict.fromkeys(("lcc", "repobench-p"), _EDIT),
    "trec": metrics.classification,
    "passage_count": _plain(metrics.counting),
    "passage_retrieval_en": _plain(metrics.retrieval),
}
_FIRST_LINE = frozenset({"trec", "triviaqa", "samsum"})  # only this much of an answer counts
_TOLD = {  # added to the input of a sample, or all there is where it has none
    "gov_report": "Summarise the report in one page.",
    "multi_news": "Summarise the news in one page.",
    "lcc": "What is the next line of code? Answer with the line only.",
    "repobench-p": "What is the next line of code? Answer with the line only.",
    "passage_count": "How many different paragraphs are there? Answer with the number only.",
    "passage_retrieval_en": "Which paragraph is this about? Answer like: Paragraph 1",
}
_DIGITS = 8  # of the checksum that stands for a sample in its name


def score(text: Text, question: Question, answer: str) -> float:
    """The best score against any reference, by the metric of the dataset."""
    if text.task in _FIRST_LINE:
        answer = answer.lstrip("\n").split("\n")[0]
    metric = METRICS[text.task]
    return max(metric(answer, reference, question.classes) for reference in question.references)


def load(folder: Path, datasets: Sequence[str], samples: int | None) -> list[Text]:
    """The samples of ``folder/<dataset>.jsonl``, at most so many of each.

    Raises
    ------
    DocumentError
        If a file is missing or not in the format of LongBench.
    """
    texts: list[Text] = []
    for dataset in datasets:
        path = folder / f"{dataset}.jsonl"
        try:
            lines = path.read_text(encoding="utf-8").rstrip("\n").split("\n")[:samples]
        except OSError as error:
            raise DocumentError(f"{path} cannot be read: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise DocumentError(f"{path} cannot be read: it is no UTF-8") from error
        for number, line in enumerate(lines, 1):
            name = f"{dataset}-{number}-{hashlib.sha256(line.encode()).hexdigest()[:_DIGITS]}"
            try:
                texts.append(_text(dataset, name, json.loads(line)))
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
                raise DocumentError(
                    f"{path}, line {number}: not a sample of LongBench ({error})"
                ) from error
    return texts


def _text(dataset: str, name: str, sample: dict[str, Any]) -> Text:
    asked = "\n".join(filter(None, (sample["input"].strip(), _TOLD.get(dataset, ""))))
    context, answers = sample["context"], sample["answers"]
    if not (context.strip() and asked and isinstance(answers, list) and answers):
        raise ValueError("context, question or answers are empty")
    classes = tuple(sample.get("all_classes") or ())
    if not all(isinstance(text, str) for text in (*answers, *classes)):
        raise ValueError("answers and classes must be texts")
    if METRICS[dataset] is metrics.classification and not classes:
        raise ValueError("all_classes are missing")
    return Text(
        name, dataset, None, context, (Question(name, asked, tuple(answers), None, classes),)
    )
