"""Modes in which what is typed is not shown: made on a terminal, and undone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import pytest
from process_helpers import POSIX

from keydiff_cli.system.typing_mode import TypingMode

if POSIX:
    import termios

needs_terminal = pytest.mark.skipif(not POSIX, reason="needs a pseudo-terminal")


@pytest.fixture
def terminal() -> Iterator[TextIO]:
    ours, its = os.openpty()
    with os.fdopen(its, "w") as stream:
        yield stream
    os.close(ours)


@needs_terminal
@pytest.mark.parametrize("by_key", [False, True])
def test_it_is_made_and_undone(terminal: TextIO, by_key: bool) -> None:
    before = termios.tcgetattr(terminal)
    mode = TypingMode(terminal, by_key=by_key)
    mode.make()
    local = termios.tcgetattr(terminal)[3]
    assert not local & termios.ECHO
    assert bool(local & termios.ICANON) is not by_key
    assert local & termios.ISIG  # Ctrl-C and Ctrl-Z
    mode.undo()
    assert termios.tcgetattr(terminal) == before


@needs_terminal
def test_what_a_prompt_has_changed_meanwhile_is_made_again(terminal: TextIO) -> None:
    mode = TypingMode(terminal, by_key=True)
    mode.make()
    raw = termios.tcgetattr(terminal)
    raw[3] &= ~termios.ISIG
    termios.tcsetattr(terminal, termios.TCSANOW, raw)
    mode.undo()
    assert termios.tcgetattr(terminal)[3] & termios.ISIG
    mode.make()
    assert termios.tcgetattr(terminal) == raw


def test_a_file_has_no_modes(tmp_path: Path) -> None:
    with (tmp_path / "file").open("w") as stream, pytest.raises(OSError, match="no "):
        TypingMode(stream)
