"""The loop of a chat while its documents are still being read."""

from __future__ import annotations

import io
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import pytest
from cli_helpers import story
from fake_model import FakeLlama

from keydiff_cli.cli.background import Background
from keydiff_cli.cli.repl import Repl
from keydiff_cli.errors import DocumentError
from keydiff_cli.render.display import Display
from keydiff_cli.settings.config import Settings
from keydiff_cli.talk.chat import Chat

WELCOME = "Ask a question; /help lists the commands, Ctrl-D leaves.\n"


class OneStep(Background):
    """Takes one step for each line: else reading could be over before a line is typed."""

    def __init__(self, step: Callable[[], bool], stepped: Callable[[], None]) -> None:
        super().__init__(lambda: step() and self.enough.wait(), stepped)


@pytest.fixture
def reading(
    fake: FakeLlama, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Repl]:
    """The loop of a chat whose document is yet to be read."""
    monkeypatch.setattr("keydiff_cli.cli.repl.Background", OneStep)
    path = tmp_path / "long.txt"
    path.write_text(story(lines=300))
    display = Display(quiet=False, answer=True)
    chat = Chat(settings, [str(path)], display, stepwise=True)
    chat.start()
    yield Repl(chat, display, io.StringIO())
    chat.close()


def test_it_reads_on_while_lines_are_typed(
    reading: Repl, type_lines: Callable[..., list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    (first,) = type_lines(reading, "/quit", columns=200)
    assert first.startswith(" reading")
    assert reading.chat.reading
    assert capsys.readouterr() == (WELCOME, "")
    reading.left = False
    type_lines(reading, "Why?", EOFError)
    printed = capsys.readouterr()
    assert printed.out == f"{WELCOME}\nWhy?\n\n"
    assert re.fullmatch(r"keydiff: read so far: \d+ tokens, to line .+; more is .+\n", printed.err)
    assert reading.chat.reading
    (shown,) = type_lines(reading, EOFError, columns=200)
    assert re.match(r" reading long\.txt \| .+ of .+ \| \d+ tokens \| .+/s \| cache", shown)
    while reading.chat.step():
        pass
    (shown,) = type_lines(reading, EOFError, columns=200)
    assert shown.startswith(" cache 256/256 | conversation ")
    assert reading.failed is None


def test_what_only_looks_is_answered_while_a_block_is_being_read(
    reading: Repl,
    type_lines: Callable[..., list[str]],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    let_go, begun, seen = threading.Event(), list[int](), list[str]()

    def step() -> bool:
        begun.append(1)
        return let_go.wait(10)

    monkeypatch.setattr(reading.chat, "step", step)
    capsys.readouterr()

    def leave() -> str:  # all of it is there, and the block is still being read
        seen.extend(capsys.readouterr())
        let_go.set()
        return "/quit"

    lines = ("/help", "", "/set", "/budget", "/nonsense", "/files", "/stats", "/save work")
    type_lines(reading, *lines, leave)
    assert begun == [1]  # no line but the last one has waited for its end
    assert isinstance(reading.out, io.StringIO)
    printed = reading.out.getvalue()
    for text in ("what it does", "max_tokens", "budget: 256", "long.txt", "reading, tokens/s"):
        assert text in printed
    assert "error: there is no command /nonsense" in seen[1]
    assert "saved; keydiff chat --resume work" in seen[1]


@pytest.mark.parametrize("end", [EOFError, "/quit"])
def test_what_ends_reading_is_said_once_and_the_chat_goes_on(
    reading: Repl,
    fake: FakeLlama,
    type_lines: Callable[..., list[str]],
    capsys: pytest.CaptureFixture[str],
    end: str | type[BaseException],
) -> None:
    def fail(*_: object, **__: object) -> NoReturn:
        raise DocumentError("page 7 is damaged")

    capsys.readouterr()
    fake.cache.append = fail  # type: ignore[method-assign]
    type_lines(reading, end)
    assert capsys.readouterr() == (WELCOME, "keydiff: error: page 7 is damaged\n")
    assert isinstance(reading.failed, DocumentError)
    assert not reading.chat.read
    reading.left = False
    type_lines(reading, "Why?", EOFError)  # it is read again for a question
    assert capsys.readouterr().out == f"{WELCOME}\nWhy?\n\n"
    assert reading.chat.read


def test_a_line_that_is_typed_while_reading_fails_is_taken(
    reading: Repl,
    fake: FakeLlama,
    type_lines: Callable[..., list[str]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(*_: object, **__: object) -> NoReturn:
        raise DocumentError("page 7 is damaged")

    capsys.readouterr()
    fake.cache.append = fail  # type: ignore[method-assign]
    type_lines(reading, "What?", EOFError)
    out, err = capsys.readouterr()
    assert out == f"{WELCOME}\nWhat?\n\n"
    assert err.startswith("keydiff: error: page 7 is damaged\n")
    assert isinstance(reading.failed, DocumentError)
    assert reading.chat.read
