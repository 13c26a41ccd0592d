"""From the text of a PDF's page, as an extractor gives it, to the text that is read."""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise

BREAK = "\ufffe"  # a hyphen with the end of its line, as PDFium has it
UNREADABLE = "\ufffd"
_MOST_UNREADABLE = 0.5  # share of the glyphs of a page
MAXIMUM_WORDS = 100_000  # words of the document that are known at a time

_SURROGATES = "\ud800-\udfff"
_CONTROLS = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\uffff"
# Ligatures and presentation forms: letters as they look, of which NFKC makes the letters they are.
_FORMS = "\ufb00-\ufd3d\ufd50-\ufdcf\ufdf0-\ufdfc\ufe70-\ufefc"
# Spaces and bullets as all know them, what programs take for pieces of brackets where Unicode
# leaves codes to them, and what is not seen.
_PLAIN = {
    **dict(zip(map(chr, range(0xF8E6, 0xF8FF)), "⏐⎯®©™⎛⎜⎝⎡⎢⎣⎧⎨⎩⎪⎮⎞⎟⎠⎤⎥⎦⎫⎬⎭", strict=True)),
    **{"\uf0b7": "•", "\uf0a7": "▪", "\u00a0": " "},
    **dict.fromkeys("\u00ad\ufeff\u200b\u2060", ""),
}
_NOT_PLAIN = "".join(_PLAIN)
_ODD = re.compile(f"[{_SURROGATES}{_CONTROLS}{_FORMS}{_NOT_PLAIN}]")
_SURROGATE, _CONTROL = re.compile(f"[{_SURROGATES}]"), re.compile(f"[{_CONTROLS}]")
_FORM, _OTHER = re.compile(f"[{_FORMS}]"), re.compile(f"[{_NOT_PLAIN}]")
_NAMES = re.compile(r"/[A-Za-z]{1,3}\d{1,5}(?:/[A-Za-z]{1,3}\d{1,5}){3,}")
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_HYPHENS_AT_END = [  # one by one, since it takes less time to look for a single character
    re.compile(hyphen + r"(?<=[^\W\d_].)[ \t]*\r?\n[ \t]*(?=[^\W\d_])") for hyphen in "-\u2010"
]
_SOFT_AT_END = re.compile("\u00ad[ \t]*\r?\n[ \t]*")
_LAST_LETTERS = re.compile(r"[^\W\d_]*$")
_FIRST_LETTERS = re.compile(r"[^\W\d_]*")
_LONGEST = 100  # characters of a word that are looked at
_NO_WORD = re.compile(r"[/@:=\\]|\w\.\w")  # an address or a path, whose hyphens are its own


class Mender:
    """Makes text as it is read, and joins words that were parted at the ends of lines.

    A hyphen at the end of a line goes if the word without it occurs in the document, and stays if
    the word with it does, or both halves stand as words of their own. What the document has is
    known from the pages learned so far.
    """

    def __init__(self) -> None:
        self._words: set[str] = set()
        self._met: set[str] = set()  # what stands between white space

    def learn(self, text: str) -> None:
        """Take up the words of a page, which come before its text is mended."""
        if len(self._words) > MAXIMUM_WORDS:
            self._words.clear()
            self._met.clear()
        parts = _mark(text).lower().split(BREAK)
        for number, part in enumerate(parts):
            start = len(part.split(None, 1)[0]) if number and part[:1].strip() else 0
            stop = max(map(part.rfind, " \n")) + 1 if number < len(parts) - 1 else len(part)
            new = set(part[start:stop].split()) - self._met
            self._met |= new
            self._words.update(_WORD.findall(" ".join(new)))

    def mend(self, text: str) -> str:
        """Return the text of a page; empty if it shows nothing, else it ends with a line feed."""
        first, *others = _mark(text).split(BREAK)
        parts = [first]
        for before, after in pairwise((first, *others)):
            parts.append("" if self._is_one(before[-_LONGEST:], after[:_LONGEST]) else "-")
            parts.append(after)
        return clean("".join(parts))

    def _is_one(self, before: str, after: str) -> bool:
        """Tell whether the halves of a word around the end of a line are one word."""
        start = before.split()[-1] if before and not before[-1].isspace() else ""
        left, right = _LAST_LETTERS.search(start), _FIRST_LETTERS.match(after)
        halves = (left[0] if left else "", right[0] if right else "")
        if not all(halves) or _NO_WORD.search(start):
            return False
        compound = "-".join(halves).lower()
        if compound.replace("-", "") in self._words:
            return True
        inner = start[: -len(halves[0])].endswith("-")
        if inner or not halves[1][0].islower() or compound in self._words:
            return False
        return not all(half.lower() in self._words for half in halves)


def unreadable_share(text: str) -> float:
    """Return the share of the glyphs that cannot be decoded, of a text that was made clean."""
    if UNREADABLE not in text:
        return 0.0
    return text.count(UNREADABLE) / sum(not letter.isspace() for letter in text)


def is_unreadable(text: str) -> bool:
    """Tell whether so much of a page cannot be decoded that it is not read as text."""
    return unreadable_share(text) > _MOST_UNREADABLE


def _mark(text: str) -> str:
    """Mark hyphens at the ends of lines as PDFium does, and forget soft ones."""
    text = _SOFT_AT_END.sub("", text)
    for hyphen in _HYPHENS_AT_END:
        text = hyphen.sub(BREAK, text)
    return text


def clean(text: str) -> str:
    """Write letters as letters, and drop white space at the ends of lines and odd characters.

    Control characters, which some fonts have for their glyphs, become U+FFFD, as do the names of
    glyphs that pypdf writes where it knows no more.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace(BREAK, "-")
    if _ODD.search(text):
        text = _without_odd(text)
    text = _NAMES.sub(lambda match: UNREADABLE * match[0].count("/"), text)
    text = "\n".join(line.rstrip() for line in text.split("\n")).rstrip()
    return text + "\n" if text else ""


def _without_odd(text: str) -> str:
    if _SURROGATE.search(text):  # join pairs of surrogates, replace lone ones
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    text = _OTHER.sub(lambda match: _PLAIN[match[0]], text)
    return _CONTROL.sub(UNREADABLE, _FORM.sub(_letters, text))


def _letters(match: re.Match[str]) -> str:
    return unicodedata.normalize("NFKC", match[0])
