"""Whether an answer about a document is right, judged without a judge."""

from __future__ import annotations

import re
from collections.abc import Mapping

from keydiff_cli.bench.metrics import normalised
from keydiff_cli.text.absence import says_absent
from keydiff_cli.text.amounts import find_figures, unit_of

ABSENT = "absent"  # the kind of a question that the document does not answer

_NAME = 4  # words of the longest reference without numbers that is judged: a name
_DATE = 12  # words of the longest reference that is judged by its dates
_CHOICE = re.compile(r"\(([A-H])\)\s*(.*?)(?=\s*\([A-H]\)|\Z)", re.DOTALL)
_LETTER = re.compile(
    r"""
    \(\s*([A-Ha-h])\s*\)                                       # (B)
    | (?<![\w'\u2019])(?:[Aa]nswer|[Oo]ption|[Cc]hoice)(?:\s+is)?\s*:?\s*\**([A-H])\b
    | (?<![\w'\u2019.])([B-H])(?![\w'\u2019]|\.\w)             # B
    | (?<![\w'\u2019.])(A)(?=\**\s*(?:[).:,;*]|\Z))(?!\.\w)    # A, but not before a noun
    """,
    re.VERBOSE,
)


def judge(answer: str, question: str, reference: str, kind: str) -> bool | None:
    """Whether an answer is right; None if that takes somebody who reads it.

    By the first of these that applies:

    - Of the kind ``absent``, if it says that the document does not tell.
    - With choices in the question, such as ``(A)``, and a letter as the reference, by the letter
      (:func:`chosen`).
    - With amounts in the reference, if it has all of them
      (:func:`~keydiff_cli.text.amounts.same_amount`); dates beside them do not count.
    - With dates in a reference of at most twelve words, if it has all parts of them that the
      question does not name; not judged if that names them all.
    - With a reference of at most four words, if it contains them, case and punctuation aside.
    """
    if kind == ABSENT:
        return says_absent(answer)
    if letter := choice_letter(question, reference):
        return chosen(answer, choices_of(question)) == letter
    said, wanted, words = find_figures(answer), find_figures(reference), len(reference.split())
    if wanted.amounts:
        unit = unit_of(question)
        return all(said.has_amount(amount, unit) for amount in wanted.amounts)
    if wanted.dates and words <= _DATE:
        named = find_figures(question)
        dates = [part for part in wanted.dates if not named.has_date(part)]
        return all(map(said.has_date, dates)) if dates else None
    if words <= _NAME and (name := normalised(reference)):
        return f" {name} " in f" {normalised(answer)} "
    return None


def choices_of(question: str) -> dict[str, str]:
    """The choices that a question names, by their letters: (A), (B) and so on, from A on."""
    choices: dict[str, str] = {}
    for letter, text in _CHOICE.findall(question):
        if letter == chr(ord("A") + len(choices)):
            choices[letter] = text.strip()
    return choices if len(choices) > 1 else {}


def choice_letter(question: str, reference: str) -> str | None:
    """The letter that a reference is, if it is one of the question's choices."""
    letter = reference.strip().strip("().")
    return letter if letter in choices_of(question) else None


def chosen(answer: str, choices: Mapping[str, str]) -> str | None:
    """The letter of the choice that an answer takes; None if it takes none, or several.

    It is the first one that stands alone or in parentheses. Without such a letter it is the choice
    whose text the answer contains, or begins to say where it was cut short.
    """
    bare = answer.strip().rstrip(".)").upper()
    if bare in choices:
        return bare
    for match in _LETTER.finditer(answer):
        letter = str(next(filter(None, match.groups()))).upper()
        if letter in choices:
            return letter
    said = normalised(answer)
    texts = {letter: normalised(text) for letter, text in choices.items()}
    named = [
        letter
        for letter, text in texts.items()
        if text and (text in said or (len(said.split()) > 2 and text.startswith(said)))
    ]
    return named[0] if len(named) == 1 else None
