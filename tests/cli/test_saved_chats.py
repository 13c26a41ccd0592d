"""The list of saved chats."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from keydiff_cli.cli.saved_chats import print_chats, saved_chats
from keydiff_cli.report import Turn
from keydiff_cli.settings.config import Settings
from keydiff_cli.talk.sessions import Session, Sessions


def test_chats_are_listed_and_damaged_ones_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sessions = Sessions(tmp_path)
    turns = [Turn("Why?", "So.", "eos")]
    sessions.save("work", Session.of(Settings(model="small"), ["/papers/a.pdf"], turns))
    sessions.path("broken").write_text("{")
    rows = saved_chats(sessions)
    assert [(row["name"], row["turns"], row["model"]) for row in rows] == [("work", 1, "small")]
    assert "broken.json is damaged" in capsys.readouterr().err
    out = io.StringIO()
    print_chats(rows, out)
    head, row = out.getvalue().splitlines()
    assert head.split() == ["name", "saved", "turns", "model", "documents"]
    assert row.split()[-3:] == ["1", "small", "a.pdf"]
