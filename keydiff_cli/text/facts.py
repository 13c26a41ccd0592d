"""The figures, dates and names of a source text, and whether it has those of a sentence."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from keydiff_cli.text.amounts import Amount, FoundNumber
from keydiff_cli.text.dates import Date, FoundDate, further_years, month_of
from keydiff_cli.text.names import has_name, words_of
from keydiff_cli.text.stated import Stated, read_stated
from keydiff_cli.text.units import Rounding, currencies, table_units


@dataclass(frozen=True)
class Facts:
    """What a source text has of figures, dates and names; built once, for many sentences.

    Attributes
    ----------
    exact
        The values of its numbers, in each unit that its tables may be in, and those in its names.
    amounts
        Those that may be rounded: the numbers that are no years or labels, the smallest first.
    percentages
        The percentages, the smallest first.
    dates
        The dates, and every part of one; years without a month, too.
    words
        Its words and acronyms, as :func:`~keydiff_cli.text.names.plain` writes them.
    currencies
        The signs of its currencies.
    """

    exact: frozenset[Decimal]
    amounts: tuple[Decimal, ...]
    percentages: tuple[Decimal, ...]
    dates: frozenset[Date]
    words: frozenset[str]
    currencies: frozenset[str]

    @classmethod
    def of(cls, text: str, units: frozenset[int] = frozenset()) -> Facts:
        """The facts of a text, in time that grows as its length does.

        ``units`` are those of its tables, as powers of ten, that are said elsewhere in the
        document (:func:`~keydiff_cli.text.units.table_units`), beside those that it says itself.
        """
        stated = read_stated(text)
        units = (units | table_units(stated.text)) or frozenset({0})
        readings = [reading for number in stated.numbers for reading in number.readings]
        plain = [reading for reading in readings if not reading.percent]
        amounts = {value for each in plain for unit in units for value, _ in each.times(unit)}
        return cls(
            exact=frozenset(amounts.union(_labels(stated))),
            amounts=tuple(sorted(amounts)),
            percentages=tuple(sorted({each.number for each in readings if each.percent})),
            dates=frozenset(part for date in _dates(stated) for part in date.parts()),
            words=words_of(stated.text),
            currencies=currencies(stated.text),
        )

    def has_number(
        self, number: FoundNumber, how: Rounding = Rounding.NONE, unit: int | None = None
    ) -> bool:
        """Whether the source has a number, or one that it is when rounded.

        Parameters
        ----------
        how
            How the sentence says that it is rounded. If it does not, it may be where it has a word
            of scale and two digits or more.
        unit
            In which the sentence says that its numbers are, as a power of ten.
        """
        if number.currency and self.currencies and number.currency not in self.currencies:
            return False
        return any(self._has_amount(reading, how, unit) for reading in number.readings)

    def has_label(self, number: FoundNumber) -> bool:
        """Whether the source has the number of a name, such as that of ``Section 13``."""
        return number.amount.number in self.exact

    def has_date(self, found: FoundDate) -> bool:
        """Whether the source has all parts of a date together, or a number like a year alone."""
        return any(
            date in self.dates
            or (date == Date(date.year) and Decimal(date.year or 0) in self.exact)
            for date in found.readings
        )

    def has_name(self, word: str) -> bool:
        """Whether the source has a name, or dates of a month."""
        return has_name(self.words, word) or Date(month=month_of(word)) in self.dates

    def _has_amount(self, amount: Amount, how: Rounding, unit: int | None) -> bool:
        values = self.percentages if amount.percent else self.amounts
        for value, step in amount.times(unit):
            less, more = _margins(amount, value, step, how)
            first = bisect_left(values, value - less)
            if first < len(values) and values[first] <= value + more:
                return True
            if value in self.exact and not amount.percent:
                return True
        return False


def _margins(
    amount: Amount, value: Decimal, step: Decimal, how: Rounding
) -> tuple[Decimal, Decimal]:
    """How far below and above a value the number may be that it is rounded from."""
    fine = step / 2 if amount.power is not None and amount.digits > 1 else Decimal(0)
    if how is Rounding.NONE:
        return fine, fine
    zeros = max(int(amount.number.normalize().as_tuple().exponent), 0) if amount.places <= 0 else 0
    coarse = step.scaleb(zeros)  # zeros at the end of a whole number may be rounded, too
    if how is Rounding.ABOUT:
        half = min(coarse / 2, value / 10)
        return half, half
    if how is Rounding.OVER:
        return fine, min(coarse, value / 5)
    return min(coarse, value / 20), fine


def _dates(stated: Stated) -> Iterator[Date]:
    """The dates of a source, also those of which it says the year once for some."""
    for found in stated.dates:
        yield from found.readings
        yield from further_years(stated.text, found)


def _labels(stated: Stated) -> Iterator[Decimal]:
    """Numbers that count only as they are written: in names and codes, years, dates over lines."""
    for label in stated.labels:
        yield label.amount.number
    for code in stated.codes:
        yield from map(Decimal, re.findall(r"\d+", code.word))
    for date in stated.dates:
        if date.parts[0][0] == "year" or "\n" in stated.text[date.start : date.stop]:
            yield from (Decimal(number) for _, number in date.parts)
