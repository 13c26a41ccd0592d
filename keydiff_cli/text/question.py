"""The words of a question: what its passages are searched by, and whether it is about the whole."""

from __future__ import annotations

import re
from collections.abc import Iterable

from keydiff_cli.text.ordinary import OPENERS
from keydiff_cli.text.scripts import DENSE, SPELLED

_CHOICE = re.compile(r"^\s*[(\[]?[A-Z][)\].:]\s", re.MULTILINE)
_SHORT = 4  # words of three letters and more; a question with fewer leans on the one before it
_WHOLE = re.compile(
    r"""
    \b(?:summar(?:y|ies|i[sz]e[ds]?|i[sz]ing)|overview|outline|abstract|synopsis|recap|digest|gist
    |tl;?\s?dr|takeaways?)\b
    |\b(?:main|key|major|most\simportant|essential|central)\s(?:points?|topics?|themes?|facts
      |figures|findings|results|messages?|ideas?|takeaways?|issues)\b
    |\bwhat(?:\sis|'s|\u2019s)\s(?:it|this|(?:the|this)\s(?:\w+\s)?\w+)\sabout\b
    |\bwhat\sdoes\s(?:it|this|(?:the|this)\s\w+)\ssay\s*\??\s*\Z
    |\b(?:describe|explain)\s(?:the|this)\s(?:document|report|text|filing|book|paper|file)\b
    """,
    re.IGNORECASE | re.VERBOSE,
)
# Words of four letters and more that do not say what a question is about, beside those that join.
_SAYING_NOTHING = """
article attached book brief briefly bullet bullets case clear complete concise content contents
contract covering dates describe detail detailed details document documents entire everything
explain facts figures file files filing following full general give goal hundred important keep
length letter like list long make must names need notes number numbers outline overview paper papers
paragraph paragraphs part parts piece please point points provide purpose quick quickly read report
reports section sections sentence sentences short show simple story tell text texts thing things
want well whole word words write
"""
_LONG_WORD = re.compile(r"[^\W\d_]{4,}")
_WORD = re.compile(r"\w{3,}")
# Scripts without spaces, and how many characters count as a word.
_UNSPACED = ((re.compile(f"[{DENSE}]"), 2), (re.compile(f"[{SPELLED}]"), 4))


def searched(question: str, before: str = "") -> str:
    """What to search for: the question without the choices that it gives, if it gives any.

    A question of few words leans on the one ``before`` it, which is searched for, too.
    """
    first = _CHOICE.search(question)
    if first is not None and len(_CHOICE.findall(question)) > 1:
        question = question[: first.start()].strip() or question
    if before and _words(question) < _SHORT:
        return f"{searched(before)} {question}"
    return question


def asks_for_the_whole(question: str) -> bool:
    """Whether a question is about the document as a whole: "summarize", "the main points?".

    By its words, which are English ones. One that says of what ("a summary of the proceedings") is
    not, unless that is the document.
    """
    if _WHOLE.search(question) is None:
        return False
    words = _LONG_WORD.findall(_WHOLE.sub(" ", question).lower())
    return OPENERS.union(_SAYING_NOTHING.split()).issuperset(words)


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
