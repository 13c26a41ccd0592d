"""Changes of the terminal: made, undone where the process stops, and made again."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from keydiff_cli.system import as_found
from keydiff_cli.system.as_found import (
    begin,
    changed,
    come_back,
    drawn_whole,
    end,
    handle_signals,
    undo_all,
)


class Noted:
    """A change that notes what becomes of it."""

    def __init__(self, name: str, seen: list[str]) -> None:
        self.name, self.seen = name, seen

    def make(self) -> None:
        self.seen.append(f"{self.name} made")

    def undo(self) -> None:
        self.seen.append(f"{self.name} undone")
        if self.name == "broken":
            raise OSError


@pytest.fixture
def seen() -> Iterator[list[str]]:
    seen: list[str] = []
    yield seen
    assert as_found._changes == []
    come_back()


@pytest.fixture
def foreground(monkeypatch: pytest.MonkeyPatch) -> dict[str, bool]:
    """Whether the process is in the foreground, which tests may change."""
    is_it = {"now": True}
    monkeypatch.setattr(as_found, "in_foreground", lambda: is_it["now"])
    return is_it


def taken(seen: list[str]) -> list[str]:
    """What became of the changes since the last time."""
    news = seen[:]
    seen.clear()
    return news


def test_all_are_undone_the_latest_first_and_made_again(
    seen: list[str], foreground: dict[str, bool]
) -> None:
    with changed(Noted("mode", seen)), changed(Noted("broken", seen)):
        assert taken(seen) == ["mode made", "broken made"]
        undo_all()
        undo_all()
        assert taken(seen) == ["broken undone", "mode undone"]
        come_back()
        come_back()
        assert taken(seen) == ["mode made", "broken made"]
        undo_all()
        taken(seen)
    assert taken(seen) == []  # both were undone already


def test_in_the_background_the_terminal_is_left_alone(
    seen: list[str], foreground: dict[str, bool]
) -> None:
    mode, line = Noted("mode", seen), Noted("line", seen)
    begin(mode)
    undo_all()
    foreground["now"] = False
    taken(seen)
    come_back()
    begin(line)
    assert taken(seen) == []
    foreground["now"] = True
    come_back()
    assert taken(seen) == ["mode made", "line made"]
    foreground["now"] = False
    undo_all()  # the shell has taken the terminal without a word
    assert taken(seen) == []
    end(line)
    end(mode)
    assert taken(seen) == []
    foreground["now"] = True


def test_signals_are_left_alone_without_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(as_found.os, "isatty", lambda _: False)
    handle_signals()
    assert signal.getsignal(signal.SIGTERM) == before


def test_what_is_being_drawn_is_whole_before_a_signal_undoes_it(
    seen: list[str], foreground: dict[str, bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(as_found, "_by_default", lambda number: seen.append(f"ends by {number}"))
    before = signal.signal(signal.SIGHUP, as_found._end)
    try:
        with changed(Noted("prompt", seen)):
            with drawn_whole():
                with drawn_whole():
                    signal.raise_signal(signal.SIGHUP)
                seen.append("drawn")
            after = ["prompt undone", f"ends by {int(signal.SIGHUP)}"]
            assert taken(seen) == ["prompt made", "drawn", *after]
    finally:
        signal.signal(signal.SIGHUP, before)
