"""The user's editor."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest

from keydiff_cli.cli.editor import edited
from keydiff_cli.errors import UsageError


@pytest.fixture
def editor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program that takes the place of an editor."""
    path = tmp_path / "my editor.py"
    command = f"{shlex.quote(sys.executable)} {shlex.quote(str(path))}"
    monkeypatch.setenv("VISUAL", command)
    monkeypatch.setenv("EDITOR", "no-such-editor")
    return path


def test_what_was_saved_comes_back(editor: Path) -> None:
    editor.write_text("import sys; open(sys.argv[1], 'a').write('\\ntwo')")
    assert edited("one") == "one\ntwo"


def test_an_editor_that_fails_is_named(editor: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    editor.write_text("raise SystemExit(3)")
    with pytest.raises(UsageError, match=r"the editor '.*' has ended with status 3$"):
        edited("one")
    monkeypatch.setenv("VISUAL", "")
    with pytest.raises(UsageError, match="the editor 'no-such-editor' cannot be used: No such"):
        edited("one")
    monkeypatch.setenv("EDITOR", "")
    with pytest.raises(UsageError, match="no editor is known; set EDITOR"):
        edited("one")
