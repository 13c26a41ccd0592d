"""The words of a question that its passages are searched by."""

from __future__ import annotations

import re

_CHOICE = re.compile(r"^\s*[(\[]?[A-Z][)\].:]\s", re.MULTILINE)
_SHORT = 4  # words of three letters and more; a question with fewer leans on the one before it
_WORD = re.compile(r"\w{3,}")


def searched(question: str, before: str = "") -> str:
    """What to search for: the question without the choices that it gives, if it gives any.

    A question of few words leans on the one ``before`` it, which is searched for, too.
    """
    first = _CHOICE.search(question)
    if first is not None and len(_CHOICE.findall(question)) > 1:
        question = question[: first.start()].strip() or question
    if before and len(_WORD.findall(question)) < _SHORT:
        return f"{searched(before)} {question}"
    return question
