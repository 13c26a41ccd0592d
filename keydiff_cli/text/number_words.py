"""Numbers that a text writes in English words: ``twenty-five``, ``two million``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from keydiff_cli.text.amounts import Amount, FoundNumber

_TO_NINETEEN = """
zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen
sixteen seventeen eighteen nineteen
"""
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_SMALL = {word: number for number, word in enumerate(_TO_NINETEEN.split())}
_SMALL |= {word: 10 * number for number, word in enumerate(_TENS.split(), start=2)}
_POWERS = {"hundred": 2, "thousand": 3, "million": 6, "billion": 9, "trillion": 12}
_FIRST, _ANY = ("|".join(sorted(words, reverse=True)) for words in (_SMALL, _SMALL | _POWERS))
_AND = "|".join(rf"(?<={power})\sand\s" for power in _POWERS)
_NUMBER = re.compile(
    rf"\b(?:{_FIRST})(?:(?:\s|-|{_AND})(?:{_ANY}))*\b(?P<percent>\s?(?:%|per\s?cent\b))?",
    re.IGNORECASE,
)
_WORD = re.compile(_ANY, re.IGNORECASE)
_A_POWER = re.compile(r"\ban?(?=\s(?:hundred|thousand)\b)", re.IGNORECASE)
_OF_WORDS = re.compile(r"[\s-]words?\b", re.IGNORECASE)


def find_number_words(text: str) -> Iterator[FoundNumber]:
    """The numbers of a text that are written in words, in their order."""
    for match in _NUMBER.finditer(text):
        words = _WORD.findall(match[0].lower())
        amount = Amount(Decimal(_number(words)), None, bool(match["percent"]))
        yield FoundNumber(match.start(), match.end(), amount)


def digits_of_length(question: str) -> str:
    """A question with the number of words that it asks for in digits: "in two hundred words"."""
    question = _A_POWER.sub("one", question)
    for found in reversed(list(find_number_words(question))):
        if _OF_WORDS.match(question, found.stop):
            question = f"{question[: found.start]}{found.amount.number}{question[found.stop :]}"
    return question


def _number(words: list[str]) -> int:
    """The number that some words make: those of a thousand and more close what is before them."""
    total = part = 0
    for word in words:
        power = _POWERS.get(word)
        if power is None:
            part += _SMALL[word]
        elif power == 2:
            part *= 100
        else:
            total, part = total + part * 10**power, 0
    return total + part
