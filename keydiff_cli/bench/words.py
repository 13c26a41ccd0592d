"""Names, words and numbers for benchmarks, drawn from a seed: no data file is needed."""

from __future__ import annotations

import random
import re

_STARTS = re.findall(r"\S+", "b br c ch d dr f fl g gr h j k l m n p pl qu r s sh st t tr v w z")
_VOWELS = re.findall(r"\S+", "a e i o u ai ea io oa")
_ENDS = re.findall(r"\S+", "l m n nd r rn s sk st t th x")


def word(draw: random.Random, syllables: int = 2) -> str:
    """A word that sounds possible, such as ``brondist``."""
    return "".join(
        draw.choice(_STARTS) + draw.choice(_VOWELS) + (draw.choice(_ENDS) if last else "")
        for last in (number == syllables - 1 for number in range(syllables))
    )


def distinct_words(draw: random.Random, count: int, syllables: int = 2) -> list[str]:
    """Words of which none is a part of another."""
    words: list[str] = []
    while len(words) < count:
        new = word(draw, syllables)
        if not any(new in old or old in new for old in words):
            words.append(new)
    return words


def distinct_numbers(draw: random.Random, count: int, digits: int = 7) -> list[str]:
    """Numbers of so many digits."""
    return [str(number) for number in draw.sample(range(10 ** (digits - 1), 10**digits), count)]
