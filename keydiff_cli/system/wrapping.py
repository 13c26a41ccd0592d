"""Text for a terminal, broken at words: piece by piece as it comes, whatever its characters."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TextIO

_USUAL = 80  # columns of a terminal that does not say how wide it is
_TAB = 8
_CLOSERS = frozenset("、。，．！？：；」』）】〉》”’")  # wide, and none begins a line
_SPACES = re.compile(r"([ \t]+)")


def columns_of(stream: TextIO) -> int:
    """How many columns the terminal of a stream has."""
    try:
        return os.get_terminal_size(stream.fileno()).columns or _USUAL
    except (OSError, ValueError):
        return _USUAL


def graphemes(text: str) -> list[str]:
    """What readers take for the characters of a text: with their marks, emoji of several as one."""
    if text.isascii():
        return list(text)
    from wcwidth import iter_graphemes  # only where it is needed: its tables take time to load

    return list(iter_graphemes(text))


def text_width(text: str) -> int:
    """Columns of a text without line breaks and tabs."""
    if text.isascii():
        return len(text)
    from wcwidth import wcswidth, wcwidth

    width = wcswidth(text)
    return width if width >= 0 else sum(max(wcwidth(char), 0) for char in text)


def wrapped(text: str, columns: int) -> str:
    """A line of text as lines of so many columns at most, broken at words."""
    wrapper = Wrapper(lambda: columns)
    return wrapper.put(text) + wrapper.flush()


@dataclass(frozen=True)
class Style:
    """What a terminal is told before and after a text."""

    on: str = ""
    off: str = ""


PLAIN = Style()


class Wrapper:
    """Breaks lines at words while they come; a word is held back until it has ended.

    Wide characters (Chinese, Japanese, Korean) may stand on either side of a break. A word that is
    longer than a line is broken where the line ends.

    Parameters
    ----------
    columns
        Says how many columns there are now.

    Attributes
    ----------
    hang : str
        What the lines after a break begin with, until the next line break of the text.
    """

    def __init__(self, columns: Callable[[], int]) -> None:
        self._columns = columns
        self.hang = ""
        self._column = 0
        self._gap = ""  # white space before the word
        self._word: list[tuple[str, Style]] = []
        self._style = PLAIN  # of what was written last

    @property
    def at_line_start(self) -> bool:
        """Whether nothing of a line was written, or is held back."""
        return self._column == 0 and not self._word

    def put(self, text: str, style: Style = PLAIN) -> str:
        """What of a text, and of what was held back before it, is to be written now."""
        out = ""
        for number, line in enumerate(text.split("\n")):
            if number:
                out += self.end_line()
            for part in _SPACES.split(line):
                if part[:1] in (" ", "\t"):
                    out += self._write_word()
                    self._gap += part
                elif part:
                    out += self._take(part, style)
        return out + self._styled(PLAIN)

    def flush(self) -> str:
        """The word that was held back."""
        return self._write_word() + self._styled(PLAIN)

    def end_line(self) -> str:
        """What was held back, and a line break."""
        out = self.flush() + "\n"
        self._column, self._gap, self.hang = 0, "", ""
        return out

    def _take(self, part: str, style: Style) -> str:
        """Take a part of a word; a break is allowed beside wide characters."""
        if self._word and self._word[-1][1] == style:
            part = self._word.pop()[0] + part  # a character may have come in pieces
        out, held = "", ""
        last = text_width(graphemes(self._word[-1][0])[-1]) if self._word else 0
        for char in graphemes(part):
            width = text_width(char)
            if width and last and char not in _CLOSERS and max(last, width) > 1:
                self._hold(held, style)
                out, held = out + self._write_word(), ""
            held += char
            last = width or last
        self._hold(held, style)
        return out

    def _hold(self, text: str, style: Style) -> None:
        if text:
            self._word.append((text, style))

    def _write_word(self) -> str:
        """Write the word that was held back, on the next line if it does not fit on this one."""
        if not self._word:
            return ""
        word, self._word = self._word, []
        columns, gap, self._gap = self._columns(), self._gap.expandtabs(_TAB), ""
        out, width = "", sum(text_width(text) for text, _ in word)
        if self._column and self._column + len(gap) + width > columns:
            out, gap = self._break_line(), ""
        for text, style in word:
            out += self._styled(style, gap)
            self._column += len(gap)
            gap = ""
            for char in graphemes(text):
                if self._column + text_width(char) > max(columns, 2):
                    out += self._break_line() + self._styled(style)
                out += char
                self._column += text_width(char)
        return out

    def _break_line(self) -> str:
        out = self._styled(PLAIN) + "\n"
        fits = text_width(self.hang) < self._columns() // 2
        hang = self.hang if fits else ""
        self._column = text_width(hang)
        return out + hang

    def _styled(self, style: Style, gap: str = "") -> str:
        """Go over to a style; the gap before it is in it if it was so already."""
        before, self._style = self._style, style
        return gap if before == style else before.off + gap + style.on
