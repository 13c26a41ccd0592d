"""Items of a list that say nothing which another one has not said."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from keydiff_cli.text.amounts import Amount
from keydiff_cli.text.dates import Date
from keydiff_cli.text.names import plain
from keydiff_cli.text.ordinary import OPENERS
from keydiff_cli.text.stated import read_stated

_WORD = re.compile(r"[^\W_]+(?:['\u2019.-][^\W_]+)*")
_FEW = 0.5  # of its words an item may share with one that has the same two figures, or more


@dataclass(frozen=True)
class _Said:
    words: frozenset[str]
    names: frozenset[str]
    figures: frozenset[tuple[Amount | Date | str, ...]]

    @classmethod
    def by(cls, text: str) -> _Said:
        stated = read_stated(text)
        words = (word for word in _WORD.findall(stated.rest) if word.lower() not in OPENERS)
        return cls(
            words=frozenset(map(plain, words)),
            names=frozenset(plain(name.word) for name in stated.names()),
            figures=frozenset(
                [(each.amount, each.currency) for each in (*stated.numbers, *stated.labels)]
                + [date.readings for date in stated.dates]
            ),
        )

    def adds_nothing_to(self, other: _Said) -> bool:
        if not (self.figures <= other.figures and self.names <= other.names | other.words):
            return False
        shared = len(self.words & other.words)
        if len(self.figures) > 1:
            return shared >= _FEW * len(self.words)
        return shared == len(self.words)


class Merger:
    """Tells which items say nothing that an earlier one has not said.

    Such an item has the figures, dates and names of the earlier one, or some of them, and its
    words: all of them, or half where it has two figures or more. Words that join others, and the
    form of plurals, do not count.
    """

    def __init__(self) -> None:
        self._said: list[_Said] = []

    def same(self, text: str) -> int | None:
        """The number of the earlier item that has all of an item; None if it is a new one."""
        said = _Said.by(text)
        found = next(self._all_of(said), None)
        if found is None:
            self._said.append(said)
        return found

    def _all_of(self, said: _Said) -> Iterator[int]:
        for number, earlier in enumerate(self._said):
            if said.adds_nothing_to(earlier):
                yield number
