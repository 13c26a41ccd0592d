"""Markdown of an answer, shown on a terminal while it comes."""

from __future__ import annotations

import os
import re
from collections.abc import Callable

from keydiff_cli.render.markdown_table import is_row, is_ruler, table_lines
from keydiff_cli.system.wrapping import PLAIN, Style, Wrapper

_BOLD, _ITALIC, _CYAN = "\x1b[1m", "\x1b[3m", "\x1b[36m"
_RESET = "\x1b[0m"
_FENCE = re.compile(r"\s*(```|~~~)")
# What a line begins with: a heading, an item of a list, a quotation.
_MARKER = re.compile(r"(\s*)(?:(#{1,6})\s+|([-*+])\s+(?!\s*[-*+]\s)|(\d{1,3}[.)])\s+|(>)\s?)")
_RULE = re.compile(r"\s*([-*_])(?:\s*\1){2,}\s*")
_UNDECIDED = re.compile(r"\s*(?:#{1,6}|[-*+_]+[-*_\s]*|\d{1,3}[.)]?|`{1,2}|~{1,2}|>)?\s*")
_START, _STOP = "\ufdd2", "\ufdd3"  # around the number of a mark: no text has these characters
_MARK = re.compile(f"{_START}(\\d+){_STOP}")
# Bold and italic text, and code, as far as they have an end; what may be the beginning of one.
_SPAN = re.compile(
    r"(?<![\w*\\])(\*{1,3})(?=[^\s*])(.+?)(?<=[^\s\\])\1(?!\*)|(?<!`)(`+)(?!`)(.+?)(?<!`)\3(?!`)"
)
_OPENER = re.compile(r"(?<![\w*\\])\*{1,3}(?=[^\s*]|$)|`+")
_ESCAPED = re.compile(r"\\([*_`#\\|>~\[\]()+.!-])")
_LONGEST_SPAN = 300  # characters that are held back for the end of a span
_RULER = 24  # columns of a rule


class MarkdownWriter:
    """Turns pieces of an answer into what a terminal shows, line by line and word by word.

    A paragraph is shown as it comes, but for its last word, and for a span (``**bold**``, a code)
    that has no end yet; a line of code when it is whole, and a table when its last row is.

    Parameters
    ----------
    columns
        Says how wide the terminal is now.
    markdown
        Whether Markdown is rendered; else lines are broken at words, and that is all.
    """

    def __init__(self, columns: Callable[[], int], *, markdown: bool = True) -> None:
        self._columns = columns
        self._markdown = markdown
        self._wrapper = Wrapper(columns)
        self._marks: list[tuple[str, Style]] = []
        self._line = ""  # of the text, as far as it has come
        self._done = 0  # characters of it that were given to the wrapper
        self._style = PLAIN  # of the whole line
        self._begun = False  # whether it is known what kind of line it is
        self._in_code = False
        self._table: list[str] = []

    @property
    def at_line_start(self) -> bool:
        """Whether nothing of a line was shown, or is held back."""
        return self._wrapper.at_line_start and not self._line and not self._table

    def text(self, text: str) -> str:
        """A piece of the answer: what is to be written now."""
        if not self._markdown:
            return self._wrapper.put(text)
        out = ""
        for number, part in enumerate(text.split("\n")):
            if number:
                out += self._end_line()
            self._line += part
        return out + self._go_on()

    def mark(self, text: str, style: Style) -> str:
        """A mark behind what has come so far, which stays one text: what is to be written now."""
        if not self._markdown:
            return self._wrapper.put(text, style) + self._wrapper.flush()
        self._marks.append((text, style))
        self._line += f"{_START}{len(self._marks) - 1}{_STOP}"
        return self._go_on()

    def end(self) -> str:
        """All that was held back, and the end of the last line."""
        out = "" if self.at_line_start else self._end_line(last=True)
        self._in_code = False
        return out

    # A line -----------------------------------------------------------------------------------

    def _go_on(self) -> str:
        """Show what is certain of a line that is not over yet."""
        if self._in_code or self._line.lstrip().startswith("|"):
            return ""  # shown when it is whole
        if not self._begun:
            if _UNDECIDED.fullmatch(self._line) or _FENCE.match(self._line):
                return ""
            return self._begin() + self._spans(final=False)
        return self._spans(final=False)

    def _begin(self) -> str:
        """Find out what kind of line it is, and show what it begins with."""
        self._begun = True
        out = self._end_table()
        marker = _MARKER.match(self._line)
        if marker is None:
            return out
        indent, heading, bullet, number, _ = marker.groups()
        self._done = marker.end()
        if heading:
            self._style = Style(_BOLD, _RESET)
            return out
        sign = f"{indent}{'•' if bullet else number or '│'} "
        out += self._wrapper.put(sign)
        self._wrapper.hang = f"{indent}│ " if not (bullet or number) else " " * len(sign)
        return out

    def _end_line(self, *, last: bool = False) -> str:
        """Show the rest of a line that is over."""
        line, out = self._line, ""
        if not self._begun and (_FENCE.match(line) or self._in_code):
            out = self._end_table() + self._code_line(line)
        elif not self._begun and is_row(line):
            self._table.append(line)
            out = self._end_table() if last else ""
        elif not self._begun and _RULE.fullmatch(line):
            out = self._end_table() + "─" * min(_RULER, self._columns()) + "\n"
        else:
            out = self._begin() if not self._begun else ""
            out += self._spans(final=True)
            out += "" if last and self._wrapper.at_line_start else self._wrapper.end_line()
        self._line, self._done, self._style, self._begun = "", 0, PLAIN, False
        return out

    def _code_line(self, line: str) -> str:
        """A line of code as it is; of the fences around it nothing."""
        if _FENCE.match(line):
            self._in_code = not self._in_code
            return ""
        return f"{_code(line)}\n" if line else "\n"

    def _end_table(self) -> str:
        """The table that has come to its end; rows without a ruler are text."""
        rows, self._table = self._table, []
        if len(rows) > 1 and is_ruler(rows[1]):
            return table_lines([_plain(self._without_marks(row)) for row in rows], self._columns())
        return "".join(self._wrapper.put(row) + self._wrapper.end_line() for row in rows)

    def _without_marks(self, text: str) -> str:
        return _MARK.sub(lambda mark: self._marks[int(mark[1])][0], text)

    # Within a line ----------------------------------------------------------------------------

    def _spans(self, *, final: bool) -> str:
        """Show the text of the line that is certain, with its bold, italic and code spans."""
        out, line = "", self._line
        while opener := _OPENER.search(line, self._done):
            span = _SPAN.match(line, opener.start())
            if span is None and not final and len(line) - opener.start() < _LONGEST_SPAN:
                return out + self._show(line[self._done : opener.start()])
            out += self._show(line[self._done : opener.start()])
            if span is None:
                out += self._show(opener[0])
                self._done = opener.end()
                continue
            stars, text, _, code = span.groups()
            out += self._show(code, _code_style()) if code else self._show(text, _weight(stars))
            self._done = span.end()
        stop = len(line)
        if not final and line.endswith("\\"):
            stop -= 1  # what it escapes has not come yet
        out += self._show(line[self._done : stop])
        self._done = max(self._done, stop)
        return out

    def _show(self, text: str, style: Style = PLAIN) -> str:
        """Hand a part of the line to the wrapper, with its marks as they are."""
        out, self._done = "", self._done + len(text)
        if style.on != _CYAN:
            style = Style(self._style.on + style.on, style.off or self._style.off)
        for number, part in enumerate(_MARK.split(text)):
            if number % 2:
                shown, own = self._marks[int(part)]
                out += self._wrapper.put(shown, own) + self._wrapper.flush()
            else:
                out += self._wrapper.put(_ESCAPED.sub(r"\1", part), style)
        return out


def _weight(stars: str) -> Style:
    return Style({1: _ITALIC, 2: _BOLD}.get(len(stars), _BOLD + _ITALIC), _RESET)


def _code_style() -> Style:
    return PLAIN if os.environ.get("NO_COLOR") else Style(_CYAN, _RESET)


def _code(line: str) -> str:
    style = _code_style()
    return f"{style.on}{line}{style.off}"


def _plain(text: str) -> str:
    """A text without the signs of its spans."""
    return _SPAN.sub(lambda span: span[2] or span[4], text)
