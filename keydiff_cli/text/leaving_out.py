"""Lines that are left out of a text that a model writes, while it comes."""

from __future__ import annotations

import re
from collections.abc import Iterable

_NUMBER = re.compile(r"\d+")


class LeavingOut:
    """Leaves lines out that another line follows, wherever the text is cut into pieces.

    Small models go on with the passages that were put before a question, and write headings as
    these have: with other numbers, which would be taken for citations. As the last line one may be
    what was asked for.

    Parameters
    ----------
    lines
        The lines, without white space around them; with other numbers they are left out, too.
    """

    def __init__(self, lines: Iterable[str] = ()) -> None:
        self._lines = frozenset(map(_form, lines))
        self._held = ""  # the beginning of a line that may be one of them
        self._begun = False  # whether the beginning of the line was given

    def feed(self, text: str, *, last: bool = False) -> str:
        """Take the next piece, and give what is clear; ``last`` says that no more follows."""
        *whole, rest = (self._held + text).split("\n")
        self._held, given = "", ""
        for line in whole:
            if self._begun or _form(line) not in self._lines:
                given += f"{line}\n"
            self._begun = False
        if rest and not self._begun and not last and self._may_become_one(rest):
            self._held = rest
            return given
        self._begun = self._begun or bool(rest)
        return given + rest

    def _may_become_one(self, line: str) -> bool:
        start = _form(line)
        return any(each.startswith(start) for each in self._lines)


def _form(line: str) -> str:
    """A line without the white space around it, its numbers all the same."""
    return _NUMBER.sub("#", line.strip())
