"""The clipboard of the terminal."""

from __future__ import annotations

import base64

import pytest

from keydiff_cli.system.clipboard import copy_sequence


def test_a_text_is_handed_over_in_base64(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TMUX", raising=False)
    start, data = copy_sequence("Zoë\n").removesuffix("\x07").rsplit(";", 1)
    assert start == "\x1b]52;c"
    assert base64.b64decode(data).decode() == "Zoë\n"
    assert copy_sequence("\udc80")  # a lone surrogate


def test_within_tmux_the_terminal_around_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMUX", "/tmp/tmux-0/default,1,0")
    assert copy_sequence("a") == ("\x1b]52;c;YQ==\x07\x1bPtmux;\x1b\x1b]52;c;YQ==\x07\x1b\\")
