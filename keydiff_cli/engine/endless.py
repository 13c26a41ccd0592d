"""Ending what data say again and again: a small model may never stop by itself."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from keydiff_cli.llama import Model

TIMES = 3  # how often the same has to be said in a row
FEWEST = 32  # tokens that have to be the same as those before them
LONGEST = 96  # tokens of what is said again and again, at most


class Repetition:
    """How often the latest tokens were said in a row."""

    def __init__(self) -> None:
        self._latest = np.full(LONGEST, -1, np.int32)  # the last one first
        self._same = np.zeros(LONGEST, np.int64)  # tokens that are as those 1, 2, ... before them
        self._enough = np.maximum(FEWEST, (TIMES - 1) * np.arange(1, LONGEST + 1))

    def add(self, token: int) -> None:
        """One more token was said."""
        self._same = np.where(self._latest == token, self._same + 1, 0)
        self._latest = np.roll(self._latest, 1)
        self._latest[0] = token

    @property
    def period(self) -> int:
        """After how many tokens they come again; 0 if they do not, or not often enough."""
        found = np.flatnonzero(self._same >= self._enough)
        return int(found[0]) + 1 if len(found) else 0


@dataclass
class Nesting:
    """Where in JSON a text has come to: how deep in lists and objects, and whether in a string."""

    depth: int = 0
    quoted: bool = False
    escaped: bool = False

    def add(self, character: int) -> None:
        """One more byte was said."""
        if self.escaped:
            self.escaped = False
        elif character in b'"':
            self.quoted = not self.quoted
        elif self.quoted:
            self.escaped = character in b"\\"
        elif character in b"[{":
            self.depth += 1
        elif character in b"]}":
            self.depth -= 1


class _Passed(NamedTuple):
    """Of a token: how deep it ends, and the least depth of a comma in it that is between values."""

    depth: int
    comma: int | None


class Ending:
    """Says what may come in place of a token that would only go on with a repetition.

    Where the same comes again and again within a string, that is to end. Where it is the items of
    a list or the members of an object, no comma is to follow a whole one; where lists or objects
    come ever deeper in each other, none is to follow any value in them.

    Parameters
    ----------
    model
        Whose tokens they are.

    Attributes
    ----------
    shortened : bool
        Whether a token has come in place of another one.
    """

    def __init__(self, model: Model) -> None:
        self.shortened = False
        self._model = model
        self._quote = self._token(b'"')
        self._closing = self._token(b"]") + self._token(b"}")
        self._nesting = Nesting()
        self._repetition = Repetition()
        self._passed: deque[_Passed] = deque(maxlen=TIMES * LONGEST + 1)
        self._period = 0  # of the repetition that is to be ended
        self._left = 0  # tokens within which it is to end, from here on
        self._level: float | None = None  # how deep commas lead to more of it; None in a string
        self._base = 0  # how deep it is where one is out of those that came ever deeper

    def instead(self, token: int) -> list[int]:
        """Tokens that are to come in place of the next one, the first of them that may."""
        if not self._left:
            return []
        if self._level is None:
            return self._quote if self._nesting.quoted else []
        piece = self._model.piece(token)
        before = self._before_more(piece, self._level)
        if not before:
            return self._closing
        return [] if before == piece else self._token(before)

    def add(self, token: int, *, instead: bool = False) -> None:
        """A token has come; ``instead`` if it is one of :meth:`instead`."""
        comma = None
        for character in self._model.piece(token):
            if character in b"," and not self._nesting.quoted:
                depth = self._nesting.depth
                comma = depth if comma is None else min(comma, depth)
            self._nesting.add(character)
        self._passed.append(_Passed(self._nesting.depth, comma))
        self._repetition.add(token)
        self._left = max(self._left - 1, 0)
        self.shortened |= instead
        if instead and token in (self._quote if self._level is None else self._closing):
            self._ended()
        elif not self._left and (period := self._repetition.period):
            self._begin(period)

    def _begin(self, period: int) -> None:
        """Let a repetition end that comes again after so many tokens."""
        once = list(self._passed)[-period - 1 :]
        commas = [each.comma for each in once[1:] if each.comma is not None]
        deeper = once[-1].depth > once[0].depth
        self._period, self._left = period, period + 1
        self._level = math.inf if deeper else min(commas, default=None)
        self._base = self._passed[max(-TIMES * period, -len(self._passed))].depth

    def _ended(self) -> None:
        """A string, a list or an object was ended."""
        deeper = self._level == math.inf and self._nesting.depth > self._base
        self._left = self._period + 1 if deeper else 0

    def _before_more(self, piece: bytes, level: float) -> bytes:
        """What of a token stands before a comma that leads to more of the repetition.

        Where the level is any, also before the name of a member, as it may be the first one.
        """
        nesting, marks = replace(self._nesting), b',"' if level == math.inf else b","
        for number, character in enumerate(piece):
            if not nesting.quoted and nesting.depth <= level and character in marks:
                return piece[:number]
            nesting.add(character)
        return piece

    def _token(self, text: bytes) -> list[int]:
        """The token that is the beginning of a text, or all of it; none if there is no such one."""
        ids = self._model.tokenize("0" + text.decode("utf-8", "replace"))  # as behind other text
        return [int(each) for each in ids[1:2] if text.startswith(self._model.piece(each))]
