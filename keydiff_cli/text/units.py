"""What a text says of its numbers as a whole: their units, its currencies; and "about"."""

from __future__ import annotations

import re
from enum import Enum

from keydiff_cli.text.amounts import power_of

_SCALE = r"(thousand|million|billion)s?\b"
_MONEY = r"(?:us\$|[$\u20ac\u00a3\u00a5]|\b(?:usd|eur|gbp|jpy|cny|rmb|dollars?|euros?|pounds?))"
_UNITS = re.compile(
    rf"""
    \([^()\n]{{0,60}}?\bin\s(?:{_MONEY}\s)?{_SCALE}       # (dollars in thousands, except ...)
    | ^[^\w\n]*(?:\w+[^\S\n]){{0,3}}in[^\S\n]             # a line of its own
      (?:{_MONEY}[^\S\n])?{_SCALE}[^\w\n]*$
    | \bin\s{_SCALE},?\s(?:except|unless)
    | \b(?:amounts?|figures?|expressed|stated|presented|reported|shown)\s(?:are\s)?in\s
      (?:{_MONEY}\s)?{_SCALE}
    | {_MONEY}\s?in\s{_SCALE}
    | \({_MONEY}\s?{_SCALE}                               # ($ million)
    """,
    re.IGNORECASE | re.VERBOSE | re.MULTILINE,
)
_ZEROS = re.compile(r"(?:\bin\s|[$\u20ac\u00a3(]\s?)['\u2019]?000s?\b")  # in 000s, $000, ('000)
_CURRENCIES = {
    "$": re.compile(r"\$|\busd\b|\bdollars?\b", re.IGNORECASE),
    "\u20ac": re.compile(r"\u20ac|\beur\b|\beuros?\b", re.IGNORECASE),
    "\u00a3": re.compile(r"\u00a3|\bgbp\b|\bsterling\b", re.IGNORECASE),
    "\u00a5": re.compile(r"\u00a5|\b(?:jpy|yen|cny|rmb|yuan|renminbi)\b", re.IGNORECASE),
}
_ABOUT = re.compile(
    r"""
    (?:(?P<about>\b(?:about|approximately|approx\.?|around|circa|roughly|some|close\sto)|[~\u2248])
    | (?P<over>\b(?:over|more\sthan|exceed(?:s|ed|ing)?))
    | (?P<under>\b(?:nearly|almost|(?:just\s)?under))
    )[\s*]*(?:a\s|US|USD\s)?\Z
    """,
    re.VERBOSE | re.IGNORECASE,
)
_BEFORE = 24  # characters before a number in which it may be said to be rounded


class Rounding(Enum):
    """How a number is said to be rounded."""

    NONE = ""
    ABOUT = "about"
    OVER = "over"
    UNDER = "under"


def table_units(text: str) -> frozenset[int]:
    """The units that a text gives for the numbers of its tables, as powers of ten.

    In time that grows as the text's length does, whatever it is: no pattern goes over a line end
    and on.
    """
    found = {power_of(name) for names in _UNITS.findall(text) for name in names if name}
    return frozenset(found | {3} if _ZEROS.search(text) else found)


def currencies(text: str) -> frozenset[str]:
    """The signs of the currencies that a text has, by their signs or names."""
    return frozenset(sign for sign, pattern in _CURRENCIES.items() if pattern.search(text))


def rounding(text: str, start: int) -> Rounding:
    """How the number that begins at ``start`` is said to be rounded by the words before it."""
    found = _ABOUT.search(text, max(start - _BEFORE, 0), start)
    return Rounding(found.lastgroup or "") if found else Rounding.NONE
