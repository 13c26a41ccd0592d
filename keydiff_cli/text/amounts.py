"""Amounts in a text, and whether two of them are the same one, written differently."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from keydiff_cli.text.dates import YEARS, blank, cut_dates

NAMES = re.compile(
    r"\b(?:Class|Form|Item|Level|Note|Part|Phase|Season|Section|Series|Table|Tier)s?\s\d+[a-z]?\b",
    re.ASCII,
)
"""Numbers that are part of a name."""
_FISCAL = re.compile(r"\b[FC]Y\s?'?(\d\d)?(\d\d)(?!\d)", re.ASCII)  # FY2023, FY23
_NUMBER = re.compile(
    r"""
    (?P<currency>[$\u20ac\u00a3\u00a5]\s?\(?)?
    (?<![A-Za-z\d])(?<![A-Za-z]-)(?<!\d[.,])
    (?P<number>(?>\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+))
    (?:st\b|nd\b|rd\b|th\b)?
    (?:[\s-]?(?P<scale>
        (?i:thousand|million|billion|trillion|mn|bn|tn)|(?<=\d)[kmbKMB](?(currency)|(?!))
    )s?\b)?
    (?![A-Z]|-[A-Z]\b|\s(?:month|week)s\sended)
    (?P<percent>\)?\s?(?:%|per\s?cent\b))?
    """,
    re.VERBOSE | re.ASCII,
)
_SCALES = {"t": 12, "b": 9, "m": 6, "k": 3}  # powers of ten, by what their names begin with
_UNIT = re.compile(
    r"\bin\s+(?:(?:usd|us\$|us|dollars?|\$|eur|gbp|euros?|pounds?)\s+)?(thousand|million|billion)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Amount:
    """A number as it is written; its sign does not count.

    Attributes
    ----------
    number
        The digits, without what separates thousands.
    power
        Of ten, from a word such as ``million``; None without one.
    percent
        Whether it is one of a hundred.
    """

    number: Decimal
    power: int | None = None
    percent: bool = False

    @property
    def digits(self) -> int:
        """How many digits say something: zeros at the beginning do not."""
        return len(self.number.as_tuple().digits)

    @property
    def places(self) -> int:
        """How many digits there are after the point."""
        return -int(self.number.as_tuple().exponent)

    def times(self, unit: int | None) -> Iterator[tuple[Decimal, Decimal]]:
        """What it may stand for, and the step to the next number as exact; ``unit`` as a power."""
        powers = {self.power} if self.power is not None else {0, unit or 0}
        for power in powers:
            yield self.number.scaleb(power), Decimal(1).scaleb(power - self.places)


@dataclass(frozen=True)
class FoundNumber:
    """A number in a text, from character ``start`` to ``stop`` (exclusive).

    Attributes
    ----------
    currency
        The sign before it; empty without one.
    is_year
        Whether nothing makes it an amount, and it is like a year.
    is_marker
        Whether it only numbers an item of a list or a footnote, as in ``(1)``.
    also
        What else it may be: the ``5`` of ``5 to 10 million`` is five million.
    """

    start: int
    stop: int
    amount: Amount
    currency: str = ""
    is_year: bool = False
    is_marker: bool = False
    also: Amount | None = None

    @property
    def readings(self) -> tuple[Amount, ...]:
        """The amounts that it may be."""
        return (self.amount,) if self.also is None else (self.amount, self.also)


@dataclass(frozen=True)
class Figures:
    """What a text has of amounts, and of dates: pairs such as ``("month", 3)``, ``("year", 2024)``.

    A number like a year is a date if nothing makes it an amount.
    """

    amounts: tuple[Amount, ...]
    dates: frozenset[tuple[str, int]]

    def has_date(self, part: tuple[str, int]) -> bool:
        """Whether a part of a date is there."""
        name, number = part
        years = (amount.number for amount in self.amounts) if name == "year" else ()
        return part in self.dates or ("either", number) in self.dates or number in years

    def has_amount(self, amount: Amount, unit: int | None) -> bool:
        """Whether an amount is there, if a question asked for it in a unit, as a power of ten."""
        years = (Amount(Decimal(number)) for name, number in self.dates if name == "year")
        return any(same_amount(amount, said, unit) for said in (*self.amounts, *years))


def find_figures(text: str) -> Figures:
    """The amounts and dates of a text, without numbers in names such as ``Q2`` or ``Level 3``."""
    text = NAMES.sub(blank, text.replace("\u00a0", " "))
    text = _FISCAL.sub(lambda match: f" {match[1] or 20}{match[2]}", text)
    found, text = cut_dates(text)
    dates = {part for date in found for part in date.parts}
    amounts = []
    for number in find_numbers(text):
        if number.is_year:
            dates.add(("year", int(number.amount.number)))
        elif not number.is_marker:
            amounts.append(number.amount)
    return Figures(tuple(amounts), frozenset(dates))


def find_numbers(text: str) -> Iterator[FoundNumber]:
    """The numbers of a text without its dates, in their order; those within words are left out."""
    for match in _NUMBER.finditer(text):
        amount = _amount(match)
        currency = (match["currency"] or "")[:1]
        yield FoundNumber(
            match.start(), match.end(), amount, currency, _is_year(match, amount), _is_marker(match)
        )


def unit_of(question: str) -> int | None:
    """The unit that a question asks for amounts in, as a power of ten; None if it names none."""
    found = _UNIT.search(question)
    return power_of(found[1]) if found else None


def power_of(scale: str) -> int:
    """The power of ten that a word of scale stands for: ``thousand``, ``mn``, ``B``."""
    return _SCALES["k" if scale.lower().startswith("th") else scale[0].lower()]


def same_amount(wanted: Amount, said: Amount, unit: int | None = None) -> bool:
    """Whether an answer has the amount that is wanted.

    It may be written in another way (``$2.3 million``, ``2,300,000``), more exactly than wanted if
    that has at least two digits, or rounded to the unit that the question asks for.
    """
    if wanted.number == said.number and (
        said.power == wanted.power or None in (said.power, wanted.power)
    ):
        return True
    rough = wanted.digits > 1 and (wanted.power is not None or wanted.places > 0 or wanted.percent)
    rounds = unit is not None and (said.digits > 1 or said.power is not None)
    for value, step in wanted.times(unit):
        for other, other_step in said.times(unit):
            if value == other or (rough and value == _rounded(other, step)):
                return True
            fine = unit is not None and other_step <= Decimal(1).scaleb(unit)
            if rounds and fine and other == _rounded(value, other_step):
                return True
    return False


def _rounded(value: Decimal, step: Decimal) -> Decimal:
    return (value / step).to_integral_value(ROUND_HALF_UP) * step


def _amount(match: re.Match[str]) -> Amount:
    power = power_of(match["scale"]) if match["scale"] else None
    return Amount(Decimal(match["number"].replace(",", "")), power, bool(match["percent"]))


def _is_year(match: re.Match[str], amount: Amount) -> bool:
    bare = match["number"].isdecimal() and not (match["currency"] or match["percent"])
    return (
        bare
        and amount.power is None
        and len(match["number"]) == 4
        and (int(amount.number) in YEARS)
    )


def _is_marker(match: re.Match[str]) -> bool:
    """Whether it only numbers an item of a list, as in ``(1)``."""
    around = match.string[match.start() - 1 : match.start()], match.string[match.end() :][:1]
    return around == ("(", ")") and match[0].isdecimal() and len(match[0]) < 3
