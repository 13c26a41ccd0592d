"""API keys: given, or made once and kept."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from keydiff_cli.errors import UsageError
from keydiff_cli.serve import keys
from keydiff_cli.serve.keys import Keys, find_keys

KEY = "0123456789abcdef"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("KEYDIFF_API_KEY", raising=False)
    monkeypatch.setattr(keys, "user_data_folder", lambda: tmp_path / "data")
    return tmp_path


def test_a_key_is_made_once_and_kept(home: Path) -> None:
    made = find_keys(None)
    assert find_keys(None) == made
    [key] = made.keys
    assert len(key) >= 32 and not made.given
    assert made.source == str(home / "data" / "api-key")
    if os.name == "posix":
        assert Path(made.source).stat().st_mode & 0o777 == 0o600


def test_a_file_comes_before_the_environment(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEYDIFF_API_KEY", KEY)
    assert find_keys(None) == Keys((KEY,), "KEYDIFF_API_KEY", given=True)
    file = home / "keys"
    file.write_text(f"{KEY}-one\n\n{KEY}-two\n")
    assert find_keys(file) == Keys((f"{KEY}-one", f"{KEY}-two"), str(file), given=True)


def test_which_key_was_shown() -> None:
    known = Keys(("a" * 16, "b" * 16), "here", given=True)
    shown = ["a" * 16, "b" * 16, "", "a" * 15, "é" * 16, "\udcff"]
    assert [known.number(key) for key in shown] == [0, 1, None, None, None, None]


@pytest.mark.parametrize("text", ["", "\n", "short", "with a space in it", "schlüssel-mit-umlaut"])
def test_a_file_without_good_keys_is_refused(home: Path, text: str) -> None:
    file = home / "keys"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match="API key"):
        find_keys(file)


def test_a_file_that_cannot_be_read_or_written_is_told(home: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        find_keys(home / "none")
    (home / "data").write_text("no folder")
    with pytest.raises(UsageError, match="cannot be kept"):
        find_keys(None)
