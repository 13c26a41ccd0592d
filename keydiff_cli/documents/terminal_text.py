"""What a terminal would show in the end: the text of logs, without what was overwritten there."""

from __future__ import annotations

import re
from dataclasses import dataclass

MOST_HELD = 8192  # characters of a line that can be overwritten still, and are held back for it
_ROWS = 16  # lines that can be gone back to, once the text has done so
_MOST_TITLE = 4096  # characters of a sequence that sets a title, a link or a picture

# Escape sequences (ECMA-48): control sequences, strings, and others; and what may become one.
_SEQUENCE = re.compile(
    r"\x1b(?:\[(?P<numbers>[0-?]{0,99})[ -/]{0,9}(?P<command>[@-~])"
    rf"|[PX^_\]][^\x07\x1b\n]{{0,{_MOST_TITLE}}}(?:\x07|\x1b\\)"
    r"|[ -/]{0,9}[0-OQ-WYZ`-~\\])?|\x07"
)
_UNFINISHED = re.compile(
    rf"\x1b(?:\[[0-?]{{0,99}}[ -/]{{0,9}}|[PX^_\]][^\x07\x1b\n]{{0,{_MOST_TITLE}}}\x1b?"
    r"|[ -/]{0,9})?\Z"
)
_UP = "\x1b"  # stands for a line up, where all sequences are gone
_TOKEN = re.compile(r"\n|\r|\x1b|\x08+|[^\n\r\x08\x1b]+")
_SPECIAL = re.compile(r"[\x07\x08\x1b]|\r(?!\n)")
# What shows that a line tells how far something has come.
_PROGRESS = re.compile(
    r"\d\s*%|\d\s*/\s*\d|[#=>*.█▏▎▍▌▋▊▉■━╸─]{4}|\d\s*[kKMGT]i?B\b|\bit/s|\bETA\b|--:--"
    r"|\A\s*[|/\\\-\u2801-\u28ff◐-◷]\s*\Z"
)
_WORD = re.compile(r"[^\W\d_]{2,}")


class TerminalText:
    """Reads text as a terminal does, over any cuts of it.

    Escape sequences go. A carriage return ends a line, and what follows is another one, except
    where both show progress: then the last state stays. What a backspace leads back over is
    overwritten. Line ends become ``\\n``. Of each of a few lines at most ``MOST_HELD`` characters
    are held.

    Parameters
    ----------
    beginning : str
        The beginning of the text, which shows whether carriage returns are its line ends.

    Attributes
    ----------
    overwritten : int
        States of lines that went, as later ones overwrote them.
    """

    def __init__(self, beginning: str) -> None:
        self._returns_end = _has_old_line_ends(beginning)
        self._unfinished = ""
        self._rows = [_Row()]
        self._at = 0
        self._kept = 1  # rows, the last one included
        self._returned = False  # the last character was a carriage return
        self._out: list[str] = []
        self.overwritten = 0

    def read(self, text: str, final: bool = False) -> str:
        """Read on.

        Parameters
        ----------
        text : str
            What follows the text given before.
        final : bool
            Whether nothing follows.

        Returns
        -------
        str
            The text that cannot change any more; what still can comes with a later call.
        """
        text, self._unfinished = self._unfinished + text, ""
        if not final and self._plain and not _SPECIAL.search(text):
            return self._pass_on(text)
        if not final and (match := _UNFINISHED.search(text)):
            self._unfinished = match.group()
            text = text[: match.start()]
        for match in _TOKEN.finditer(_SEQUENCE.sub(_meaning, text)):
            self._take(match.group())
        if final:
            if self._returned:
                self._end_row()
            for row in self._rows:
                self._finish(row)
                self._out.append("\n")
            self._out.pop()
            self._rows = [_Row()]
        out, self._out = "".join(self._out), []
        return out

    @property
    def _plain(self) -> bool:
        """Whether nothing is held but the beginning of a line."""
        return self._kept == 1 and self._rows[0].plain and not self._returned

    def _pass_on(self, text: str) -> str:
        """Pass on the whole lines of a text that has nothing special."""
        lines, end, rest = text.replace("\r\n", "\n").rpartition("\n")
        if not end:
            return self._rows[0].append(rest)
        done = self._rows[0].ended() + lines + end
        self._rows = [_Row()]
        return done + self._rows[0].append(rest)

    def _take(self, token: str) -> None:
        """Take a line end, a carriage return, backspaces, a way up, or text."""
        row = self._rows[self._at]
        if token == "\n":
            self._returned = False
            self._end_row()
            return
        if self._returned:
            self._returned = False
            if self._returns_end:
                self._end_row()
                row = self._rows[self._at]
            else:
                self._give(row.next_state())
        if token == "\r":
            self._returned = True
        elif token == _UP:
            self._kept = _ROWS
            self._at = max(0, self._at - 1)
            self._go_to_row()
        elif token[0] == "\b":
            row.go_back(len(token))
        else:
            self._give(row.append(token))

    def _end_row(self) -> None:
        """Go down to the next row; what is above the rows that are kept is done."""
        self._at += 1
        if self._at < len(self._rows):
            self._go_to_row()
            return
        self._rows.append(_Row())
        self._finish_rows(len(self._rows) - self._kept)

    def _go_to_row(self) -> None:
        """Write another state of a row, if it has one."""
        row = self._rows[self._at]
        if row.state or row.before is not None:
            self._give(row.next_state())

    def _give(self, done: str) -> None:
        """Pass on what is done with of the present row, behind the rows above it."""
        if done:
            self._finish_rows(self._at)
            self._out.append(done)

    def _finish_rows(self, count: int) -> None:
        """Pass on the first rows, which cannot be gone back to any more."""
        for row in self._rows[: max(0, count)]:
            self._finish(row)
            self._out.append("\n")
            self._at -= 1
        del self._rows[: max(0, count)]

    def _finish(self, row: _Row) -> None:
        self._out.append(row.ended())
        self.overwritten += row.overwritten


@dataclass
class _Row:
    """A line that can change still.

    Attributes
    ----------
    before : str or None
        The state that the present one may overwrite, None if there is none.
    state : str
        What has been written since, or the end of it.
    cursor : int
        Where in ``state`` writing goes on.
    long : bool
        Whether the beginning of the state has been passed on.
    overwritten : int
        States that were overwritten.
    """

    before: str | None = None
    state: str = ""
    cursor: int = 0
    long: bool = False
    overwritten: int = 0

    @property
    def plain(self) -> bool:
        return self.before is None and self.cursor == len(self.state)

    def append(self, text: str) -> str:
        """Write text at the cursor; returns what cannot be overwritten any more."""
        after = self.cursor + len(text)
        if self.cursor < len(self.state):
            old = self.state[self.cursor : after]
            text = "".join(map(_overstrike, old, text)) + text[len(old) :]
        self.state = self.state[: self.cursor] + text + self.state[after:]
        self.cursor = after
        if len(self.state) <= MOST_HELD:
            return ""
        over = len(self.state) - MOST_HELD
        done, self.state = self.state[:over], self.state[over:]
        self.cursor = max(0, self.cursor - over)
        if self.before is not None:
            done, self.before = f"{self.before}\n{done}", None
        self.long = True
        return done

    def go_back(self, count: int) -> None:
        self.cursor = max(0, self.cursor - count)

    def next_state(self) -> str:
        """Begin with another state; returns the lines that are not overwritten by this one."""
        before, state = self.before, self.state
        erased = not self.long and not state.strip()
        self.state, self.cursor = "", 0
        if self.long:
            self.long = False
            return state + "\n"
        if before is None or _overwrites(state, before):
            self.overwritten += bool(before and before.strip())
            self.before = state
            return ""
        if erased and _PROGRESS.search(before):
            return ""
        self.before = state
        return before + "\n"

    def ended(self) -> str:
        """The text of the row, as it is in the end."""
        if self.long:
            return self.state
        return self.next_state() + (self.before or "")


def _overstrike(old: str, new: str) -> str:
    """What is seen of two characters at one place: an underline goes, as printers make it."""
    return old if new == "_" and old != " " else new


def _overwrites(state: str, before: str) -> bool:
    """Tell whether a state shows the progress of the same thing as the one before it."""
    if not _PROGRESS.search(state):
        return False
    if not before.strip():
        return True
    words = [match and match.group() for match in map(_WORD.search, (state, before))]
    return words[0] == words[1] and _PROGRESS.search(before) is not None


def _meaning(sequence: re.Match[str]) -> str:
    """What is left of an escape sequence: where the cursor goes, as far as it keeps words apart."""
    command, numbers = sequence["command"], sequence["numbers"] or ""
    if command in ("A", "F"):
        return _UP * (min(int(numbers), _ROWS) if numbers.isdecimal() else 1)
    if command == "G" and numbers in ("", "0", "1"):
        return "\r"
    if command in ("C", "G"):
        return " "
    return "\n" if command in ("B", "E", "H", "d", "f") else ""


def _has_old_line_ends(beginning: str) -> bool:
    """Tell whether lines end with a carriage return alone, as on a Mac before 2001."""
    if "\r" not in beginning or re.search(r"[\n\x08\x1b]", beginning):
        return False
    lines = beginning.split("\r")
    return sum(_PROGRESS.search(line) is not None for line in lines) <= len(lines) / 2
