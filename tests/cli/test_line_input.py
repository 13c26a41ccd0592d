"""The line at which a user of ``keydiff chat`` types: its keys, history and completion."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cli_helpers import POSIX
from other_programs import ollama_model, own_home
from prompt_toolkit import PromptSession
from prompt_toolkit.application import create_app_session
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document
from prompt_toolkit.history import FileHistory
from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.output import DummyOutput

from keydiff_cli import models
from keydiff_cli.cli.line_input import CommandCompleter, open_prompt
from keydiff_cli.cli.slash_commands import COMMANDS
from keydiff_cli.policies import POLICY_NAMES
from keydiff_cli.talk.sessions import Sessions


@pytest.fixture
def sessions(tmp_path: Path) -> Sessions:
    return Sessions(tmp_path / "chats")


@contextmanager
def opened(sessions: Sessions) -> Iterator[tuple[PromptSession[str], PipeInput]]:
    """A prompt, and the keyboard that it takes keys from."""
    with create_pipe_input() as keyboard, create_app_session(keyboard, DummyOutput()):
        yield open_prompt(sessions, lambda: "the bottom line"), keyboard


def typed(sessions: Sessions, keys: str) -> str:
    """What the prompt takes these keys for."""
    with opened(sessions) as (prompt, keyboard):
        keyboard.send_text(keys)
        return prompt.prompt("> ")


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        ("What is it?\r", "What is it?"),
        ("a\x1b\rb\r", "a\nb"),
        ("a b\x18\x05", "/edit a b"),
    ],
    ids=["enter", "alt-enter", "ctrl-x ctrl-e"],
)
def test_keys(keys: str, line: str, sessions: Sessions) -> None:
    assert typed(sessions, keys) == line


def test_the_end_and_giving_up_are_raised(sessions: Sessions) -> None:
    with pytest.raises(EOFError):
        typed(sessions, "\x04")
    with pytest.raises(KeyboardInterrupt):
        typed(sessions, "What\x03")


# Completion ----------------------------------------------------------------------------------


def completed(text: str, sessions: Sessions) -> list[str]:
    """What a line could be completed to."""
    completer = CommandCompleter(sessions)
    lines = completer.get_completions(Document(text, len(text)), CompleteEvent())
    return [text[: len(text) + line.start_position] + line.text for line in lines]


def test_names_of_commands_and_what_they_take(sessions: Sessions) -> None:
    assert completed("/", sessions) == [f"/{name}" for name in COMMANDS]
    assert completed("/re", sessions) == ["/retry"]
    assert completed("/set max", sessions) == ["/set max_tokens"]
    assert completed("/set seed ", sessions) == []
    assert completed("/policy ", sessions) == [f"/policy {name}" for name in POLICY_NAMES]
    assert completed("/policy keydiff-p", sessions) == ["/policy keydiff-prerope"]


def test_models_also_of_other_programs(
    sessions: Sessions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = own_home(monkeypatch, tmp_path / "home")
    ollama_model(home / ".ollama" / "models", "registry.ollama.ai/library/qwen3/4b", b"GGUF")
    names = [*models.catalogue(), "ollama:qwen3:4b"]
    assert completed("/model ", sessions) == [f"/model {name}" for name in names]


@pytest.mark.parametrize("text", ["", "re", "What /re", "/re\n/re", "/save ", "/undo "])
def test_nothing_else_is_completed(text: str, sessions: Sessions) -> None:
    sessions.folder.mkdir()
    (sessions.folder / "work.json").touch()
    assert completed(text, sessions) == []


def test_saved_chats(sessions: Sessions) -> None:
    assert completed("/load ", sessions) == []
    sessions.folder.mkdir()
    for name in ("play", "work-1", "work-2"):
        sessions.path(name).touch()
    assert completed("/load w", sessions) == ["/load work-1", "/load work-2"]
    assert completed("/load ", Sessions(sessions.path("play"))) == []  # a file is no folder


def test_paths(sessions: Sessions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "report one.pdf").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert completed("/add rep", sessions) == ["/add report one.pdf"]
    assert completed("/export ~/rep", sessions) == ["/export ~/report one.pdf"]


# History -------------------------------------------------------------------------------------


def test_what_was_typed_is_kept_for_the_user_alone(sessions: Sessions) -> None:
    typed(sessions, "What is it?\r")
    typed(sessions, "\x1b[200~three\nfour\x1b[201~\r")
    assert typed(sessions, "\x1b[A\x1b[A\x1b[A\r") == "What is it?"
    history = sessions.folder / "history"
    assert "+three\n+four\n" in history.read_text()
    if POSIX:
        assert history.stat().st_mode & 0o777 == 0o600
        assert sessions.folder.stat().st_mode & 0o777 == 0o700


def test_what_cannot_be_kept_is_told_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / "chats"
    assert typed(Sessions(folder), "Hello.\r") == "Hello."
    (warning,) = capsys.readouterr().err.splitlines()
    assert warning.startswith(f"keydiff: warning: {folder / 'history'}: ")
    assert warning.endswith("; what you type is not kept")


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), UnicodeError("a half")])
def test_what_cannot_be_written_down_does_not_end_the_chat(
    error: Exception,
    sessions: Sessions,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tried: list[str] = []

    def store(history: FileHistory, line: str) -> None:
        tried.append(line)
        raise error

    monkeypatch.setattr(FileHistory, "store_string", store)
    assert typed(sessions, "Hello.\r") == "Hello."
    assert tried == ["Hello."]
    assert capsys.readouterr().err == ""
