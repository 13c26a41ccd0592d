"""Text that is safe to print: a document or a model must not drive the user's terminal."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import NoReturn, TextIO

from keydiff_cli.system.as_found import undo_all
from keydiff_cli.system.wrapping import columns_of, wrapped

_KEPT = "\n\t"
_STRING_STARTS = "PX]^_"  # after ESC: device control, start of string, OSC, privacy, application
_C1_STRING_STARTS = "\x90\x98\x9d\x9e\x9f"
_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")


class Sanitizer:
    """Removes control characters and escape sequences (ECMA-48) from text that comes in pieces.

    Line breaks and tabs stay. A sequence that is cut between two pieces is recognised; an
    unterminated string sequence ends with its line, so that it cannot swallow an answer.
    Characters that reorder text are removed too.
    """

    def __init__(self) -> None:
        self._state = "text"

    def __call__(self, text: str) -> str:
        return "".join(char for char in text if self._shows(char))

    def _shows(self, char: str) -> bool:
        state = self._state
        if char in _KEPT:
            self._state = "text"
            return True
        if state == "escape":
            if char == "[":
                self._state = "control"
            elif char in _STRING_STARTS:
                self._state = "string"
            elif not " " <= char <= "/":  # intermediate bytes lead to one more
                self._state = "text"
            if " " <= char <= "~":
                return False
        if char == "\x1b":
            self._state = "escape"
            return False
        if state == "control":
            if "@" <= char <= "~":
                self._state = "text"
                return False
            if " " <= char <= "?":
                return False
            self._state = "text"
        elif state == "string":
            if char in "\x07\x9c":
                self._state = "text"
            return False
        if char < " " or "\x7f" <= char <= "\x9f":
            if char == "\x9b":
                self._state = "control"
            elif char in _C1_STRING_STARTS:
                self._state = "string"
            return False
        return char not in _BIDI


def escape_json(text: str) -> str:
    """JSON with the characters written as escapes that a terminal could obey."""
    return "".join(
        f"\\u{ord(char):04x}" if "\x7f" <= char <= "\x9f" or char in _BIDI else char
        for char in text
    )


def complain(text: str) -> None:
    """Print one line on stderr; when nobody reads it any more, go on without.

    A terminal gets it broken at words.
    """
    line = f"keydiff: {printable(text)}"
    try:
        if sys.stderr.isatty():
            line = wrapped(line, columns_of(sys.stderr))
        print(line, file=sys.stderr, flush=True)
    except OSError:
        drop(sys.stderr)


def end_at_once(text: str, status: int) -> NoReturn:
    """Print one line on stderr and end the process, its terminal as it was but nothing cleaned up.

    For a thread, or a callback, while the main thread is stuck.
    """
    undo_all()
    complain(text)
    with suppress(OSError, ValueError):
        sys.stdout.flush()
    os._exit(status)


def drop(stream: TextIO) -> None:
    """Send what is written to stdout or stderr nowhere, because nobody reads it any more."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def printable(text: str) -> str:
    """One line of text for a message: sanitised, line breaks and tabs as spaces.

    A lone surrogate, as in a file name that is not UTF-8, becomes ``?``.
    """
    return " ".join(Sanitizer()(text).split()).encode("utf-8", "replace").decode()
