"""A text in stretches of some words, and which of them have most of the words of a sentence."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping

from keydiff_cli.text.names import plain
from keydiff_cli.text.ordinary import OPENERS

LONG, STEP = 80, 20
"""Words of a stretch, and from the beginning of one to that of the next."""

_WORD = re.compile(r"[^\W_]+(?:[-.,'\u2019&/][^\W_]+)*")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*", re.ASCII)


def terms(text: str) -> list[str]:
    """The words of a text that say something of their own, as they are compared, and its numbers.

    Words of two letters and those that join others are left out. Of a number its digits count,
    without zeros around them: 2.4 (billion) and 2,400 (million) are the same.
    """
    found = []
    for word in _WORD.findall(text):
        if _NUMBER.fullmatch(word):
            found.append(re.sub(r"[.,]", "", word).strip("0") or "0")
        elif len(word) > 2 and word.lower() not in OPENERS:
            found.append(plain(word))
    return found


class Stretches:
    """The stretches of a text, with what they have of its terms (:func:`terms`).

    Attributes
    ----------
    texts
        Each stretch, in the order of the text; the last ones end with the text.
    words
        The words of the text.
    """

    def __init__(self, text: str) -> None:
        places = [match.start() for match in re.finditer(r"\S+", text)]
        self.words = len(places)
        self.texts: list[str] = []
        self._having: dict[str, list[int]] = defaultdict(list)
        for number, first in enumerate(range(0, max(self.words - LONG, 0) + STEP, STEP)):
            ends = places[first + LONG] if first + LONG < self.words else len(text)
            self.texts.append(text[places[first] if places else 0 : ends])
            for term in set(terms(self.texts[-1])):
                self._having[term].append(number)

    def place(self, number: int) -> float:
        """Where the middle of a stretch is in the text, from 0 to 1 (exclusive)."""
        first = number * STEP
        return (first + min(first + LONG, self.words)) / 2 / self.words

    def weight(self, term: str) -> float:
        """What a term says, more if few stretches have it: its inverse document frequency.

        ``log(1 + stretches / (1 + those that have it))``, after Sparck Jones (1972).
        """
        return math.log(1 + len(self.texts) / (1 + len(self._having.get(term, ()))))

    def having_half(self, words: Collection[str]) -> Iterator[int]:
        """The stretches that have at least half of some terms, in the order of the text."""
        counts = self._sums(dict.fromkeys(words, 1.0))
        yield from (number for number in sorted(counts) if 2 * counts[number] >= len(words))

    def best(self, sentence: str) -> tuple[int, float] | None:
        """The stretch that has the most of a sentence's terms, by their weight, and its share.

        Of equal ones it is the first. None if the sentence has no terms, or no stretch has any.
        """
        weights = {term: self.weight(term) for term in terms(sentence)}
        sums = self._sums(weights)
        if not sums:
            return None
        number = min(sums, key=lambda number: (-sums[number], number))
        return number, sums[number] / sum(weights.values())

    def _sums(self, weights: Mapping[str, float]) -> dict[int, float]:
        """The weights of the terms that each stretch has, summed up; of those that have any."""
        sums: dict[int, float] = defaultdict(float)
        for term, weight in weights.items():
            for number in self._having.get(term, ()):
                sums[number] += weight
        return sums
