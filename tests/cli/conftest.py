"""What the tests of the command line share: asking with the small model, and a chat without one."""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cli_helpers import CAT, SMALL, Result, run
from fake_model import FakeLlama
from fake_readings import document, fake, settings
from snapshot_commands import Keydiff

from keydiff_cli.cli.repl import Repl
from keydiff_cli.render.display import Display
from keydiff_cli.settings.config import Settings
from keydiff_cli.talk.chat import Chat

__all__ = ["document", "fake", "settings"]  # fixtures


@pytest.fixture(scope="module")
def ask(small_path: Path, models_folder: Path) -> Callable[..., Result]:
    """``keydiff ask`` with a small budget."""

    def ask(*words: object, **more: Any) -> Result:
        bounds = ("--budget", 128, "--block", 64)
        return run("ask", "--model", SMALL, *bounds, *words, models=models_folder, **more)

    return ask


@pytest.fixture(scope="module")
def cat(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A document of a line, in a folder of its own."""
    path = tmp_path_factory.mktemp("documents") / "cat.txt"
    path.write_text(CAT)
    return path


@pytest.fixture
def keydiff(tiny_path: Path, models_folder: Path, tmp_path: Path) -> Keydiff:
    """The command, with nothing kept yet."""
    return Keydiff(models_folder, tiny_path, tmp_path / "cache")


@pytest.fixture
def repl(fake: FakeLlama, settings: Settings, document: Path) -> Iterator[Repl]:
    """The loop of a chat on a fake llama.cpp, which has read a document beyond its budget."""
    display = Display(quiet=False, answer=True)
    chat = Chat(settings, [str(document)], display)
    chat.start()
    yield Repl(chat, display, io.StringIO())
    chat.close()


@pytest.fixture
def type_lines(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Run the loop with these lines, or what gives them; returns the bottom lines."""

    def type_lines(repl: Repl, *lines: str | Callable[[], Any], columns: int = 80) -> list[str]:
        shown: list[str] = []
        left = iter(lines)
        size = os.terminal_size((columns, 24))
        monkeypatch.setattr(shutil, "get_terminal_size", lambda *_: size)

        class Prompt:
            app = SimpleNamespace(invalidate=lambda: None, is_running=False)

            def __init__(self, sessions: Any, status: Callable[[], str]) -> None:
                assert sessions is repl.chat.sessions
                self._status = status

            def prompt(self, text: str) -> str:
                assert text == "> "
                shown.append(self._status())
                line = next(left)
                if isinstance(line, type):
                    raise line
                return line if isinstance(line, str) else line()

        monkeypatch.setattr("keydiff_cli.cli.line_input.open_prompt", Prompt)
        repl.run()
        assert list(left) == []
        return shown

    return type_lines
