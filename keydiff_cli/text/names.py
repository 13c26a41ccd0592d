"""Names in a text, told by their capitals and digits, and the words that they are looked up in."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

from keydiff_cli.text.ordinary import LABELS, OPENERS
from keydiff_cli.text.scripts import DENSE, SPELLED

_LETTER = rf"[^\W_{DENSE}{SPELLED}]"
_WORD = re.compile(rf"{_LETTER}+(?:[-\u2010\u2011'\u2019&./]{_LETTER}+)*")
_JOINTS = re.compile(r"[-\u2010\u2011'\u2019&./]")
_PARTS = re.compile(r"[-\u2010\u2011&./]")
_POSSESSIVE = re.compile(r"['\u2019]s$")
_SINGLE_LETTERS = re.compile(r"\w(?:[.&/]\w)+")  # U.S, R&D: too short to be looked for
_PROPER_RUN = re.compile(r"\b[A-Z][\w'-]*(?:\s(?:(?:of|and|the|for|&)\s)?[A-Z][\w'-]*)+")
_JOINING = frozenset({"of", "and", "the", "for", "&"})
_LONGEST_ACRONYM = 6
_OPENS = re.compile(r"(?:^|[:\u2013\u2014]\s)[\s\"'\u201c\u2018*_`([|#>-]*\Z")
_QUARTER = re.compile(
    r"\b(?:(1st|first)|(2nd|second)|(3rd|third)|(?:4th|fourth))\s(?:\w+\s)?quarter"
)
_VERBAL = ("ed", "ing", "ly")  # endings of words that begin a sentence, and no name


class Name(NamedTuple):
    """A word that is a name, or of one, from character ``start`` to ``stop`` (exclusive)."""

    start: int
    stop: int
    word: str


def words_of(text: str) -> frozenset[str]:
    """The words of a text, and what it has acronyms for, as :func:`has_name` compares them."""
    words = set()
    for word in set(_WORD.findall(text)):
        words.add(plain(word))
        words.update(map(plain, _PARTS.split(word)))
    for run in set(_PROPER_RUN.findall(text)):
        words.update(_acronyms(run))
    for match in _QUARTER.finditer(text.lower()):
        words.add(f"q{match.lastindex or 4}")
    return frozenset(words)


def has_name(words: frozenset[str], word: str) -> bool:
    """Whether a name is among the words of a text; one without digits by those of its parts."""
    if plain(word) in words:
        return True
    parts = [part for part in _PARTS.split(word) if _is_named(part)]
    has_digits = any(map(str.isdigit, word))
    return not has_digits and all(plain(p) in words or p.lower() in OPENERS for p in parts)


def find_names(text: str) -> Iterator[Name]:
    """The words of a sentence that its capitals or digits make names, in their order.

    A word of ordinary use that begins the sentence or follows a colon has its capital from there:
    it is no name if a small letter follows, or it ends as a verb or adverb does.
    """
    for match in _WORD.finditer(text):
        word = match[0]
        if _is_named(_POSSESSIVE.sub("", word)) and not _is_ordinary(match):
            yield Name(match.start(), match.end(), word)


def plain(word: str) -> str:
    """A word as it is compared: in small letters, without accents, joints, and ``'s`` or ``s``."""
    word = _POSSESSIVE.sub("", word.casefold())
    if not word.isascii():
        spelled = unicodedata.normalize("NFKD", word)
        word = "".join(character for character in spelled if not unicodedata.combining(character))
    word = _JOINTS.sub("", word)
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def _is_named(word: str) -> bool:
    """Whether a word has a capital, and three letters or capitals only, or digits and letters."""
    if not any(map(str.isupper, word)) or _SINGLE_LETTERS.fullmatch(word):
        return False
    return sum(map(str.isalpha, word)) > 2 or (len(word) > 1 and word.isupper())


def _is_ordinary(match: re.Match[str]) -> bool:
    """Whether a word has its capital from its place, or never is a name."""
    word, text = match[0], match.string
    small = word.lower()
    if small in OPENERS or plain(word) in LABELS:
        return True
    if not word[1:].islower() or not word.isalpha() or _POSSESSIVE.search(word):
        return False
    before, after = text[: match.start()], text[match.end() :]
    if _OPENS.search(before) is None:
        return False
    if small.endswith(_VERBAL):
        return True
    is_alone = bool(before.strip()) and not any(map(str.isalnum, after))  # what follows a colon
    return not is_alone and not after.lstrip("*_ \n")[:1].isupper()


def _acronyms(run: str) -> Iterator[str]:
    """The initials of neighbours in a run of words with capitals, with and without small words."""
    words = run.split()
    for some in (words, [word for word in words if word not in _JOINING]):
        initials = "".join(word[0] for word in some).lower()
        for start in range(len(initials)):
            for stop in range(start + 2, min(start + _LONGEST_ACRONYM, len(initials)) + 1):
                yield initials[start:stop]
