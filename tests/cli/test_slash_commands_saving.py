"""The commands of a chat that save it, and what is said of one that is saved."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from talk_helpers import asked
from talk_helpers import say as answer

from keydiff_cli.cli.repl import Repl
from keydiff_cli.cli.slash_commands import run_command


def test_saved_chats_are_listed(repl: Repl) -> None:
    assert isinstance(repl.out, io.StringIO)
    run_command(repl, "sessions")
    answer(repl.chat, "Why?")
    repl.chat.save("work")
    run_command(repl, "sessions")
    none, _, row = repl.out.getvalue().splitlines()
    assert none == "no chat is saved; /save NAME saves this one"
    assert row.split()[0] == "work"
    assert row.split()[-3:] == ["1", "fake", "story.txt"]


def test_what_is_forgotten_of_a_saved_chat_is_said(
    repl: Repl, capsys: pytest.CaptureFixture[str]
) -> None:
    for question in ("One?", "Two?"):
        answer(repl.chat, question)
    repl.chat.save("work")
    capsys.readouterr()
    run_command(repl, "undo")
    assert capsys.readouterr().err == "keydiff: forgotten, in the saved chat 'work' too: Two?\n"
    run_command(repl, "clear")
    assert "; the chat 'work' stays as it was saved, /save" in capsys.readouterr().err
    answer(repl.chat, "Three?")
    assert asked(repl.chat.sessions.load("work").turns) == ["One?"]
    assert repl.chat.name is None


def test_a_chat_is_saved_loaded_and_exported(
    repl: Repl, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer(repl.chat, "Why?")
    path = tmp_path / "chat.md"
    capsys.readouterr()
    for line in ("save  work ", f"export {path}"):
        assert run_command(repl, line) is None
    assert capsys.readouterr().err == (
        "keydiff: saved; keydiff chat --resume work goes on from here\n"
        f"keydiff: written to {path}\n"
    )
    assert path.read_text().startswith("# Chat\n\n- story.txt\n\n## Why?\n")
    run_command(repl, "save other")
    run_command(repl, "clear")
    assert run_command(repl, "load work") is None
    assert asked(repl.chat.turns) == ["Why?"]
    assert repl.chat.name == "work"
    printed = capsys.readouterr()
    assert printed.err.endswith("keydiff: 1 question came before; the last one:\n")
    assert printed.out.endswith("> Why?\n\nWhy?\n")
