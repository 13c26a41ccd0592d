"""Modes of the terminal in which what is typed is not shown."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from keydiff_cli.system.as_found import changed


class TypingMode:
    """What is typed is not shown, and Ctrl-C still interrupts: a change of the terminal.

    Parameters
    ----------
    stream
        A stream that is the terminal.
    by_key
        Whether what is typed comes key by key, so that the terminal does not take Ctrl-D and
        Backspace for itself.

    Raises
    ------
    OSError
        If the stream is no terminal with modes.
    """

    def __init__(self, stream: TextIO, *, by_key: bool = False) -> None:
        try:
            import termios
        except ImportError:  # on Windows
            raise OSError("no modes") from None
        try:
            self._descriptor = stream.fileno()
            self._before = termios.tcgetattr(self._descriptor)
        except (termios.error, ValueError) as error:
            raise OSError("no terminal") from error
        self._mode: list[Any] = [*self._before]
        self._mode[3] &= ~termios.ECHO
        if by_key:
            self._mode[0] &= ~termios.ICRNL
            self._mode[3] &= ~termios.ICANON

    def make(self) -> None:
        self._set(self._mode)

    def undo(self) -> None:
        import termios

        self._mode = termios.tcgetattr(self._descriptor)  # the prompt may have set another one
        self._set(self._before)

    def _set(self, mode: list[Any]) -> None:
        import termios

        termios.tcsetattr(self._descriptor, termios.TCSADRAIN, mode)


@contextmanager
def typing_ahead() -> Iterator[None]:
    """Keep what is typed during other output for the next prompt, key by key and unseen.

    Without it the terminal would show it in the middle of an answer.
    """
    try:
        mode = TypingMode(sys.stdin, by_key=True)
    except OSError:
        yield
        return
    with changed(mode):
        yield
