"""What a text states that can be looked up in another: numbers, dates and names, with places."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from keydiff_cli.text.amounts import NAMES, FoundNumber, find_numbers
from keydiff_cli.text.dates import FoundDate, cut_dates
from keydiff_cli.text.names import Name, find_names
from keydiff_cli.text.number_words import find_number_words

_SPACES = re.compile(r"[^\S\n]+")
_LINE_ENDS = re.compile(r"\s*\n\s*")
_SPACE_BEFORE = re.compile(r"\s+(?=[)%])")
_FISCAL = re.compile(r"\b[FC]Y\s?['\u2019]?(?:((?:19|20)\d\d)|(\d\d))(?!\d)")  # FY2023, FY23
_SHORT_RANGE = re.compile(r"\b((?:19|20)\d\d)[-\u2013/](\d\d)(?![-\u2013/\d])")  # 2022-23
_CODE = re.compile(r"(?<![\w.,-])\d+(?:[-\u2010\u2011]\d+){2,}\b|\b\d{4}[-\u2010\u2011]\d\d\b(?!-)")
_PERIOD = re.compile(r"(?<![\w.,-])\d+(?=\s(?:month|week)s\sended)")
_BETWEEN = re.compile(r"\s?(?:[-\u2013\u2014]|\b(?:to|and|or)\b)\s?", re.IGNORECASE)


@dataclass(frozen=True)
class Stated:
    """What a text states, with places in ``text``; years without a month are dates.

    Attributes
    ----------
    text
        The text, with one space or line end where it had any white space.
    numbers
        Those that are amounts, or may be, in figures and words.
    labels
        Those that are part of a name, such as that of ``Section 13``.
    codes
        Numbers with hyphens that only are something as a whole, such as ``2023-07``.
    rest
        The text with blanks where numbers and dates were.
    """

    text: str
    numbers: tuple[FoundNumber, ...]
    labels: tuple[FoundNumber, ...]
    codes: tuple[Name, ...]
    dates: tuple[FoundDate, ...]
    rest: str

    def names(self) -> Iterator[Name]:
        """Its names, if it is a sentence, and its codes; months and numbers are none."""
        yield from self.codes
        for name in find_names(self.text):
            if any(map(str.isalnum, self.rest[name.start : name.stop])):
                yield name


def read_stated(text: str) -> Stated:
    """What a text states."""
    text = tidy(text)
    dates = [*_years(text)]
    rest = _without(text, dates)
    more, rest = cut_dates(rest)
    codes = [Name(match.start(), match.end(), match[0]) for match in _CODE.finditer(rest)]
    rest = _without(rest, codes)
    labels = list(_labels(rest))
    rest = _without(rest, labels)
    found = list(find_numbers(rest))
    bare = [
        FoundDate(n.start, n.stop, (("year", int(n.amount.number)),)) for n in found if n.is_year
    ]
    rest = _without(rest, found)
    words = list(find_number_words(rest))
    numbers = [*_ranges(text, [number for number in found if not number.is_year]), *words]
    dates = sorted([*dates, *more, *bare], key=lambda date: date.start)
    rest = _without(rest, words)
    return Stated(text, tuple(numbers), tuple(labels), tuple(codes), tuple(dates), rest)


def tidy(text: str) -> str:
    """A text with one space or line end for any white space, and none before ``)`` and ``%``."""
    text = _LINE_ENDS.sub("\n", _SPACES.sub(" ", text))
    return _SPACE_BEFORE.sub("", text)


def _years(text: str) -> Iterator[FoundDate]:
    """Years in the forms ``FY23`` and ``2022-23``."""
    for match in _FISCAL.finditer(text):
        year = int(match[1] or f"20{match[2]}")
        yield FoundDate(match.start(), match.end(), (("year", year),))
    for match in _SHORT_RANGE.finditer(text):
        first, last = int(match[1]), int(match[1][:2] + match[2])
        if first < last:
            yield FoundDate(match.start(1), match.end(1), (("year", first),))
            yield FoundDate(match.end(1), match.end(), (("year", last),))


def _labels(text: str) -> Iterator[FoundNumber]:
    """Numbers that are no amounts: parts of names, and of the months that a period has."""
    for pattern in (NAMES, _PERIOD):
        for match in pattern.finditer(text):
            for number in find_numbers(match[0]):
                start, stop = match.start() + number.start, match.start() + number.stop
                yield replace(number, start=start, stop=stop)


def _ranges(text: str, numbers: list[FoundNumber]) -> Iterator[FoundNumber]:
    """Some numbers; one that begins a range may have the scale or percentage of the end of it."""
    for number, after in zip(numbers, [*numbers[1:], None], strict=False):
        end = after.amount if after and _BETWEEN.fullmatch(text, number.stop, after.start) else None
        if end and (number.amount.power, number.amount.percent) == (None, False):
            also = replace(number.amount, power=end.power, percent=end.percent)
            yield replace(number, also=also if also != number.amount else None)
        else:
            yield number


def _without(text: str, found: Iterable[FoundDate | FoundNumber | Name]) -> str:
    """A text with blanks in some places."""
    pieces = []
    start = 0
    for place in sorted(found, key=lambda place: place.start):
        pieces += [text[start : place.start], ";" + " " * (place.stop - place.start - 1)]
        start = place.stop
    return "".join([*pieces, text[start:]])
