"""The words of a question that its passages are searched by."""

from __future__ import annotations

import re
from collections.abc import Iterable

from keydiff_cli.text.scripts import DENSE, SPELLED

_CHOICE = re.compile(r"^\s*[(\[]?[A-Z][)\].:]\s", re.MULTILINE)
_SHORT = 4  # words of three letters and more; a question with fewer leans on the one before it
_WORD = re.compile(r"\w{3,}")
# Scripts without spaces, and how many characters count as a word.
_UNSPACED = ((re.compile(f"[{DENSE}]"), 2), (re.compile(f"[{SPELLED}]"), 4))


def searched(question: str, before: str = "") -> str:
    """What to search for: the question without the choices that it gives, if it gives any.

    A question of few words leans on the one ``before`` it, which is searched for, too.
    """
    first = _CHOICE.search(question)
    if first is not None and gives_choices(question):
        question = question[: first.start()].strip() or question
    if before and _words(question) < _SHORT:
        return f"{searched(before)} {question}"
    return question


def gives_choices(question: str) -> bool:
    """Whether a question gives choices, each in a line that begins with its letter."""
    return len(_CHOICE.findall(question)) > 1


def leant_on(questions: Iterable[str]) -> str:
    """What a question of few words leans on: the last of some questions that has enough, and on.

    Empty if there are none.
    """
    before = ""
    for question in questions:
        before = searched(question, before)
    return before


def _words(text: str) -> float:
    """How many words a text has, about."""
    count = 0.0
    for characters, size in _UNSPACED:
        text, found = characters.subn(" ", text)
        count += found / size
    return count + len(_WORD.findall(text))
