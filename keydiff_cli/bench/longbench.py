"""LongBench (arXiv 2308.14508) from the JSON-lines files that the user has.

The metrics are those of the benchmark, but for ROUGE-L (see :mod:`keydiff_cli.bench.metrics`); what
the model is told is our own and shorter, so figures are for comparing policies with each other.
"""

from __future__ import annotations

import hashlib
import json
import re
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
_NUMBERED = {  # what an answer must have, or nothing could be right
    "passage_count": re.compile(r"^\s*\d+\s*$"),
    "passage_retrieval_en": re.compile(r"\d"),
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
            lines = path.read_text(encoding="utf-8-sig").split("\n")
        except OSError as error:
            raise DocumentError(f"{path} cannot be read: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise DocumentError(f"{path} cannot be read: it is no UTF-8") from error
        while lines and not lines[-1].strip():
            lines.pop()
        if not lines:
            raise DocumentError(f"{path} is empty: there are no samples in it")
        for number, line in enumerate(lines[:samples], 1):
            name = f"{dataset}-{number}-{hashlib.sha256(line.encode()).hexdigest()[:_DIGITS]}"
            try:
                texts.append(_text(dataset, name, _parsed(line)))
            except ValueError as error:
                raise DocumentError(
                    f"{path}, line {number}: not a sample of LongBench: {error}"
                ) from error
    return texts


def _parsed(line: str) -> dict[str, Any]:
    try:
        sample = json.loads(line)
    except (ValueError, RecursionError):
        raise ValueError("it is no JSON") from None
    if not isinstance(sample, dict):
        raise ValueError("it is no JSON object")
    return sample


def _text(dataset: str, name: str, sample: dict[str, Any]) -> Text:
    for field in ("input", "context"):
        if not isinstance(sample.get(field), str):
            raise ValueError(f"'{field}' is no text")
    asked = "\n".join(filter(None, (sample["input"].strip(), _TOLD.get(dataset, ""))))
    for field, value in (("input", asked), ("context", sample["context"])):
        if not value.strip():
            raise ValueError(f"'{field}' is empty")
    answers = _texts(sample, "answers")
    classes = _texts(sample, "all_classes") if sample.get("all_classes") else ()
    if METRICS[dataset] is metrics.classification:
        if not classes:
            raise ValueError("'all_classes' is missing")
        if not set(answers) <= set(classes):
            raise ValueError("'answers' has something in it that is none of 'all_classes'")
    if dataset in _NUMBERED and not all(map(_NUMBERED[dataset].search, answers)):
        raise ValueError("'answers' has something in it without the number that is asked for")
    return Text(
        name, dataset, None, sample["context"], (Question(name, asked, answers, None, classes),)
    )


def _texts(sample: dict[str, Any], field: str) -> tuple[str, ...]:
    values = sample.get(field)
    if not (isinstance(values, list) and values):
        raise ValueError(f"'{field}' is no list of texts")
    if not all(isinstance(value, str) and value.strip() for value in values):
        raise ValueError(f"'{field}' has something in it that is no text, or an empty one")
    return tuple(values)
