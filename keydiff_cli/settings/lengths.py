"""Lengths of summaries: by name, or as a number of words."""

from __future__ import annotations

from keydiff_cli.errors import UsageError

LENGTHS = {"short": 60, "medium": 300, "long": 800}  # words
MOST = 10_000  # words


def count_words(length: str) -> int:
    """The words of a length: ``short``, ``medium``, ``long``, or a number (of words).

    Raises
    ------
    UsageError
        If it is something else.
    """
    if length in LENGTHS:
        return LENGTHS[length]
    number = length.removesuffix("words").removesuffix("word").strip()
    is_number = number.isascii() and number.isdecimal() and len(number) < 9
    if is_number and 1 <= int(number) <= MOST:
        return int(number)
    raise UsageError(
        f"'{length}' is no length; write short, medium, long or a number of words up to {MOST}"
    )
