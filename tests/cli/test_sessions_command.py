"""``keydiff sessions``: saved chats, listed and removed."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import pytest
from cli_helpers import fails, run

from keydiff_cli.report import Turn
from keydiff_cli.settings.config import Settings
from keydiff_cli.talk.sessions import SAVED, Session, Sessions


@pytest.fixture
def sessions(tmp_path: Path) -> Sessions:
    """A chat of two turns, and a file that is damaged."""
    settings = {name: value for name, value in asdict(Settings()).items() if name in SAVED}
    turns = [Turn("What is it?", "A harbour.", "eos"), Turn("Why?", "J\n", "length")]
    sessions = Sessions(tmp_path)
    sessions.save("work", Session(settings, ["/tmp/a.pdf", "/tmp/b.txt"], turns))
    sessions.path("bad").write_text("{")
    return sessions


@pytest.fixture
def variables(sessions: Sessions) -> dict[str, str]:
    return {"KEYDIFF_SESSIONS_DIR": str(sessions.folder)}


def test_they_are_listed(sessions: Sessions, variables: dict[str, str]) -> None:
    listed = run("sessions", "list", "--json", **variables)
    assert listed.status == 0
    (entry,) = json.loads(listed.out)
    saved = datetime.fromisoformat(entry.pop("saved"))
    assert int(saved.timestamp()) == int(sessions.path("work").stat().st_mtime)
    assert entry == {
        "name": "work",
        "turns": 2,
        "model": Settings().model,
        "files": ["/tmp/a.pdf", "/tmp/b.txt"],
    }
    (warning,) = listed.warnings
    assert "bad.json is damaged" in warning
    head, row = run("sessions", "list", **variables).out.splitlines()
    assert head.split() == ["name", "saved", "turns", "model", "documents"]
    assert row.split() == [
        "work", *f"{saved:%Y-%m-%d %H:%M}".split(), "2", Settings().model, "a.pdf,", "b.txt",
    ]  # fmt: skip


def test_they_are_removed(sessions: Sessions, variables: dict[str, str]) -> None:
    removed = run("sessions", "remove", "work", "bad", **variables)
    assert (removed.status, removed.out, removed.err) == (0, "", "keydiff: removed work, bad\n")
    assert sessions.names() == []
    refused = run("sessions", "remove", "work", **variables)
    assert "no chat 'work'; saved ones: none" in fails(refused, 2)
    assert "no chat 'work'" in fails(run("chat", "--resume", "work", **variables), 2)


def test_none_is_said_to_be_none(tmp_path: Path) -> None:
    listed = run("sessions", "list", KEYDIFF_SESSIONS_DIR=str(tmp_path))
    assert (listed.status, listed.out) == (0, "")
    assert listed.err == "keydiff: no chat is saved; /save NAME saves one\n"


def test_quiet_removes_without_a_word(sessions: Sessions, variables: dict[str, str]) -> None:
    removed = run("sessions", "remove", "bad", "--quiet", **variables)
    assert (removed.status, removed.out, removed.err) == (0, "", "")
    assert sessions.names() == ["work"]
