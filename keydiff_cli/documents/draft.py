"""The text of a document while its reader writes it, with what is noted on the way."""

from __future__ import annotations

import re
from collections import Counter

from keydiff_cli.documents.left_out import LeftOut
from keydiff_cli.documents.outline import Heading

# Controls, surrogates, what is no character, and marks that nobody sees.
_UNSEEN = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\xad\u200b\u2060\ufeff\ufffe\uffff\ud800-\udfff]")
_LONGEST_TITLE = 300  # characters of a heading in the outline


def one_line(text: str) -> str:
    """A text in one line, with single spaces."""
    return " ".join(_UNSEEN.sub("", text.replace("\x0b", " ").replace("\x0c", " ")).split())


class Draft:
    """What has been written and not yet been taken.

    Attributes
    ----------
    page : int or None
        The page that is being written, counted from 1; None before the first, or without pages.
    outline : list of Heading
        The headings that were written.
    names : dict of int to str
        What pages are called besides their numbers.
    """

    def __init__(self) -> None:
        self.page: int | None = None
        self.outline: list[Heading] = []
        self.names: dict[int, str] = {}
        self._line = 1  # the next one, counted from 1 in its page or in the document
        self._gap = False  # whether an empty line comes before the next one
        self._parts: list[str] = []
        self._ready: list[tuple[int | None, str]] = []
        self._size = 0
        self._left_out: Counter[tuple[int | None, str]] = Counter()

    @property
    def size(self) -> int:
        """How many characters wait to be taken."""
        return self._size

    def begin_page(self, number: int, name: str = "") -> None:
        """Go on with the page of that number, which may have a name."""
        self._close()
        self.page, self._line, self._gap = number, 1, False
        if name := one_line(name):
            self.names[number] = name

    def write(self, text: str) -> None:
        """Write lines; of empty ones none begins or ends a page, or follows another."""
        for line in text.split("\n"):
            line = _UNSEEN.sub("", line).rstrip()
            if not line:
                self.space()
                continue
            if self._gap:
                self._add("")
            self._gap = False
            self._add(line)

    def space(self) -> None:
        """Have an empty line before what is written next."""
        self._gap = self._line > 1

    def _add(self, line: str) -> None:
        self._parts.append(line + "\n")
        self._size += len(line) + 1
        self._line += 1

    def heading(self, title: str, level: int) -> None:
        """Write a heading, and note it in the outline; 1 is the highest level."""
        if not (title := one_line(title)):
            return
        self.space()
        line = self._line + self._gap
        self.outline.append(Heading(title[:_LONGEST_TITLE], level, self.page, line))
        self.write(f"{'#' * min(level, 6)} {title}")
        self.space()

    def leave_out(self, what: str, count: int = 1, page: int | None = None) -> None:
        """Note things that are not in the text, on the page that is being written or another."""
        self._left_out[page or self.page, what] += count

    def forget_left_out(self) -> None:
        """Forget what was left out on the page that is being written, as it is written anew."""
        for key in [key for key in self._left_out if key[0] == self.page]:
            del self._left_out[key]

    def left_out(self) -> list[LeftOut]:
        """What was noted as left out, by page."""
        items = sorted(self._left_out.items(), key=lambda item: (item[0][0] or 0, item[0][1]))
        return [LeftOut(page, what, count) for (page, what), count in items if count]

    def count_left_out(self, what: str) -> int:
        """How many things of a kind were noted as left out, on all pages."""
        return sum(count for (_, name), count in self._left_out.items() if name == what)

    def take(self) -> list[tuple[int | None, str]]:
        """Take what has been written: texts, never empty, with their pages."""
        self._close()
        ready, self._ready, self._size = self._ready, [], 0
        return ready

    def _close(self) -> None:
        if self._parts:
            self._ready.append((self.page, "".join(self._parts)))
            self._parts = []
