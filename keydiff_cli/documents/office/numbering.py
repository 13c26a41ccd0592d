"""The numbers that Word writes before numbered paragraphs."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from keydiff_cli.documents.xml_events import END, START
from keydiff_cli.documents.zipped import Archive

_LEVELS = 9


@dataclass
class _Level:
    """A level of a numbering: its format, its text such as ``%1.%2``, and its first number."""

    style: str = "decimal"
    text: str = ""
    start: int = 1


@dataclass
class _List:
    """A numbering: its levels, and the abstract one whose count it goes on with."""

    levels: dict[int, _Level] = field(default_factory=dict)
    counts: list[int | None] = field(default_factory=lambda: [None] * _LEVELS)


class Numbering:
    """Counts the numbered paragraphs of a document, in their order.

    Parameters
    ----------
    part
        The name of the part with the numberings; there may be none.
    """

    def __init__(self, archive: Archive, part: str) -> None:
        self._abstract: dict[str, _List] = defaultdict(_List)
        self._of: dict[str, str] = {}  # a number's abstract numbering
        self._starts: dict[tuple[str, int], int] = {}  # where a number begins anew
        self._begun: set[str] = set()
        self._read(archive, part)

    def _read(self, archive: Archive, part: str) -> None:
        abstract, number, depth = "", "", 0
        for event in archive.events(part):
            name, values = event.name, event.attributes
            value = values.get("w:val", "")
            if event.what == END and name in ("w:abstractNum", "w:num"):
                abstract = number = ""
            if event.what != START:
                continue
            if name == "w:abstractNum":
                abstract = values.get("w:abstractNumId", "")
            elif name == "w:num":
                number = values.get("w:numId", "")
            elif name == "w:abstractNumId" and number:
                self._of[number] = value
            elif name in ("w:lvl", "w:lvlOverride"):
                depth = _depth(values.get("w:ilvl", ""))
            elif name == "w:startOverride" and number:
                self._starts[number, depth] = _whole(value)
            elif abstract and name in ("w:numFmt", "w:lvlText", "w:start"):
                level = self._abstract[abstract].levels.setdefault(depth, _Level())
                if name == "w:numFmt":
                    level.style = value
                elif name == "w:lvlText":
                    level.text = value
                else:
                    level.start = _whole(value)

    def mark(self, number: str, depth: int) -> str:
        """Count a paragraph, and give what stands before it: its number, ``-``, or nothing."""
        depth = _depth(str(depth))
        listed = self._abstract[self._of.get(number, number)]
        level = listed.levels.get(depth, _Level("bullet"))
        if number not in self._begun:
            self._begun.add(number)
            for (owner, at), start in self._starts.items():
                if owner == number:
                    listed.counts[at] = start - 1
        if level.style == "bullet":
            return "-"
        if level.style == "none":
            return ""
        count = listed.counts[depth]
        listed.counts[depth] = level.start if count is None else count + 1
        listed.counts[depth + 1 :] = [None] * (_LEVELS - depth - 1)
        return re.sub(r"%([1-9])", lambda match: self._shown(listed, int(match[1]) - 1), level.text)

    def _shown(self, listed: _List, depth: int) -> str:
        level = listed.levels.get(depth, _Level())
        count = listed.counts[depth]
        return _FORMATS.get(level.style, str)(level.start if count is None else count)


def _letters(number: int) -> str:
    """As Word counts: a to z, then aa, bb."""
    return chr(ord("a") + (number - 1) % 26) * min((number - 1) // 26 + 1, 9) if number > 0 else "0"


def _roman(number: int) -> str:
    if not 0 < number < 4000:
        return str(number)
    text = ""
    for value, letters in _ROMAN:
        text += letters * (number // value)
        number %= value
    return text


_ROMAN = [
    *((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l")),
    *((40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i")),
]
_FORMATS: dict[str, Callable[[int], str]] = {
    "lowerLetter": _letters,
    "upperLetter": lambda number: _letters(number).upper(),
    "lowerRoman": _roman,
    "upperRoman": lambda number: _roman(number).upper(),
    "decimalZero": lambda number: f"{number:02}",
}


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 1


def _depth(text: str) -> int:
    return min(_whole(text or "0") if text != "0" else 0, _LEVELS - 1)
