"""How an answer is scored: the metrics of RULER and of LongBench, from 0 to 1."""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Sequence

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_NUMBER = re.compile(r"\d+")


def contained(answer: str, references: Sequence[str]) -> float:
    """Share of the references that the answer contains, case aside (RULER, section 3)."""
    answer = answer.lower()
    return sum(reference.lower() in answer for reference in references) / len(references)


def normalised(text: str) -> str:
    """Lower case without punctuation, articles and superfluous white space (as in SQuAD)."""
    bare = "".join(char for char in text.lower() if char not in string.punctuation)
    return " ".join(_ARTICLES.sub(" ", bare).split())


def token_f1(answer: str, reference: str) -> float:
    """Harmonic mean of precision and recall over normalised words."""
    return f1(normalised(answer).split(), normalised(reference).split())


def f1(said: list[str], wanted: list[str]) -> float:
    """Harmonic mean of precision and recall over words."""
    common = sum((Counter(said) & Counter(wanted)).values())
    if not common:
        return 0.0
    precision, recall = common / len(said), common / len(wanted)
    return 2 * precision * recall / (precision + recall)


def rouge_l(answer: str, reference: str) -> float:
    """ROUGE-L: F1 of the longest common subsequence of words (Lin 2004, section 3).

    Over the whole answer; the package that LongBench uses goes by sentences and distinct words.
    """
    said, wanted = answer.split(), reference.split()
    common = _common(said, wanted)
    return 2 * common / (len(said) + len(wanted)) if common else 0.0


def _common(first: Sequence[str], second: Sequence[str]) -> int:
    """Length of the longest common subsequence."""
    row = [0] * (len(second) + 1)
    for item in first:
        previous = 0
        for j, other in enumerate(second, 1):
            longest = previous + 1 if item == other else max(row[j], row[j - 1])
            previous, row[j] = row[j], longest
    return row[-1]


def retrieval(answer: str, reference: str) -> float:
    """Share of the numbers in the answer that are the paragraph asked for."""
    wanted = _NUMBER.search(reference)
    said = _NUMBER.findall(answer)
    return said.count(wanted.group()) / len(said) if wanted and said else 0.0


def counting(answer: str, reference: str) -> float:
    """Share of the numbers in the answer that are the right count."""
    said = _NUMBER.findall(answer)
    return said.count(reference.strip()) / len(said) if said else 0.0


def classification(answer: str, reference: str, classes: Sequence[str]) -> float:
    """1 over the number of classes named, if the right one is among them.

    A class inside the name of the right one, such as "city" in "capital city", does not count.
    """
    named = [
        name for name in classes if name in answer and not (name in reference and name != reference)
    ]
    return 1 / len(named) if reference in named else 0.0


def edit_similarity(answer: str, reference: str) -> float:
    """Twice the longest common subsequence of characters over both lengths, in whole per cent.

    For one line of code: of the answer, the first line that is neither a comment nor a fence.
    """
    answer = answer.lstrip("\n")
    line = next(
        (line for line in answer.split("\n") if not any(mark in line for mark in ("`", "#", "//"))),
        "",
    )
    both = len(line) + len(reference)
    return round(100 * 2 * _common(line, reference) / both) / 100 if both else 1.0
