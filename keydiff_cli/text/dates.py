"""Dates in a text, in the forms that English writes them in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

_MONTHS = (
    "january|jan", "february|feb", "march|mar", "april|apr", "may", "june|jun", "july|jul",
    "august|aug", "september|sept|sep", "october|oct", "november|nov", "december|dec",
)  # fmt: skip
_MONTH = "(" + "|".join(_MONTHS) + r")\b\.?"
_DAY, _YEAR = r"(\d{1,2})(?:st|nd|rd|th)?\b(?![.,]\d)", r"((?:19|20)\d\d)\b(?![.,]\d)"
_FLAGS = re.IGNORECASE | re.ASCII
# The groups of each pattern, by what they are; a slash may have the day or the month first.
_DATES = tuple(
    (re.compile(pattern, _FLAGS), parts)
    for pattern, parts in (
        (rf"\b{_MONTH}\s+{_DAY}(?:,?\s+{_YEAR})?", ("month", "day", "year")),
        (rf"\b{_DAY}\s+(?:of\s+)?{_MONTH}(?:,?\s+{_YEAR})?", ("day", "month", "year")),
        (rf"\b{_MONTH},?\s+(?:of\s+)?{_YEAR}", ("month", "year")),
        (rf"\b{_YEAR}-(\d\d)-(\d\d)\b", ("year", "month", "day")),
        (rf"\b(\d\d?)/(\d\d?)/{_YEAR}", ("either", "either", "year")),
    )
)
# What may stand between a date and further years of it: "March 31, 2024 (unaudited) and 2023".
_YEARS_AFTER = re.compile(
    r"(?:[\s,;:()|&\u2013-]|\b(?:and|or|to|through|unaudited|audited|restated|(?:19|20)\d\d)\b)*",
    re.IGNORECASE,
)
_A_YEAR = re.compile(r"(?<![\d.,])(?:19|20)\d\d(?!\d|[.,]\d)")
_NEAR = 200  # characters from a day and month to the year that they may be of

YEARS = range(1900, 2100)
"""Numbers of four digits that are years where nothing makes them amounts."""


class Date(NamedTuple):
    """A date, or a part of one: what is not said is None."""

    year: int | None = None
    month: int | None = None
    day: int | None = None

    def parts(self) -> Iterator[Date]:
        """The date, and all that is true of it with less said, such as its month and year."""
        choices = (dict.fromkeys((part, None)) for part in self)
        for date in product(*choices):
            if any(date):
                yield Date(*date)


@dataclass(frozen=True)
class FoundDate:
    """A date in a text, from character ``start`` to ``stop`` (exclusive).

    Attributes
    ----------
    parts
        What it says, in its order: pairs such as ``("month", 3)`` or ``("year", 2024)``. A number
        between slashes that may be the day or the month is called ``either``.
    """

    start: int
    stop: int
    parts: tuple[tuple[str, int], ...]

    @property
    def readings(self) -> tuple[Date, ...]:
        """The dates that it may mean: two where day and month may change places."""
        said = Date(**{name: number for name, number in self.parts if name != "either"})
        numbers = [number for name, number in self.parts if name == "either"]
        if not numbers:
            return (said,)
        orders = {tuple(numbers), tuple(reversed(numbers))}
        return tuple(said._replace(month=month, day=day) for month, day in orders if month <= 12)


def cut_dates(text: str) -> tuple[list[FoundDate], str]:
    """The dates of a text that name a month, and the text with blanks where they were."""
    found = []
    for pattern, parts in _DATES:
        for match in pattern.finditer(text):
            values = zip(parts, match.groups(), strict=True)
            said = tuple((part, _value(value)) for part, value in values if value is not None)
            found.append(FoundDate(match.start(), match.end(), said))
        text = pattern.sub(blank, text)
    return found, text


def blank(match: re.Match[str]) -> str:
    """As many characters as a match has, without a word among them, for ``re.sub``."""
    return ";" + " " * (len(match[0]) - 2) + ";" if len(match[0]) > 1 else ";"


def further_years(text: str, found: FoundDate) -> Iterator[Date]:
    """A date with the years that a text says once for it and for others, as heads of tables do.

    Those are what follows, as in ``March 31, 2024 and 2023``; of a day without a year, any near.
    """
    (date, *_) = found.readings or (Date(),)
    if date.day is None:
        return
    if date.year is None:
        near = text[max(found.start - _NEAR, 0) : found.stop + _NEAR]
    else:
        near = _YEARS_AFTER.match(text, found.stop)[0]  # type: ignore[index]  # it may be empty
    for year in _A_YEAR.findall(near):
        yield date._replace(year=int(year))


def month_of(word: str) -> int | None:
    """The number of a month, by its name or the beginning of it; None if it is none."""
    word = word.lower()
    return next((n for n, names in enumerate(_MONTHS, 1) if word in names.split("|")), None)


def _value(text: str) -> int:
    """The number of a day, a year or a month, which may be a word."""
    return int(text) if text.isdecimal() else month_of(text) or 0
