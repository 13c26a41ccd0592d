"""Paths as they are typed, quoted, escaped or dragged into a terminal."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_helpers import POSIX

from keydiff_cli.cli.typed_paths import expand
from keydiff_cli.errors import UsageError


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_path_may_begin_with_the_home_folder(home: Path) -> None:
    assert Path(expand("~/a b.txt")) == home / "a b.txt"
    assert expand("a~/b.txt") == "a~/b.txt"


@pytest.mark.skipif(not POSIX, reason="quotes of a shell")
@pytest.mark.parametrize(
    ("typed", "path"),
    [
        ("'my doc.txt'", "my doc.txt"),
        ('"my doc.txt"', "my doc.txt"),
        (r"my\ doc.txt", "my doc.txt"),
        ("my doc.txt", "my doc.txt"),
        ("/tmp/it\\'s.txt", "/tmp/it's.txt"),
        ("it's.txt", "it's.txt"),
        ("file:///tmp/my%20doc.txt", "/tmp/my doc.txt"),
        ("", ""),
    ],
)
def test_quotes_are_taken_off(home: Path, typed: str, path: str) -> None:
    assert expand(typed) == path


@pytest.mark.skipif(not POSIX, reason="quotes of a shell")
def test_a_name_that_is_there_is_taken_as_it_is(home: Path) -> None:
    for name in ("'quoted'.txt", r"back\ slash.txt", "two  spaces.txt"):
        (home / name).touch()
        assert expand(name) == name
        assert expand(f"~/{name}") == str(home / name)
    assert expand(r"~/my\ doc.txt") == str(home / "my doc.txt")


@pytest.mark.skipif(not POSIX, reason="where the home folder of another user is looked up")
def test_a_home_folder_that_cannot_be_is_no_path() -> None:
    with pytest.raises(UsageError, match=r"'~a\x00b/c' is no path: "):
        expand("~a\0b/c")
