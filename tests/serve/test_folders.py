"""Folders that the user names: what is listed of them, and nothing from outside."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from keydiff_cli.errors import UsageError
from keydiff_cli.serve import folders
from keydiff_cli.serve.files import Library
from keydiff_cli.serve.folders import Folders
from keydiff_cli.serve.refusals import Refusal


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "documents"
    (folder / "below").mkdir(parents=True)
    (folder / "a.txt").write_text("one")
    (folder / "below" / "b.txt").write_text("two")
    (folder / ".hidden").write_text("three")
    (tmp_path / "outside.txt").write_text("secret")
    return folder


def names(known: Folders) -> list[str]:
    return [file.name for file in known.list()]


def test_files_are_listed_with_ids_that_stay(folder: Path) -> None:
    known = Folders([folder, folder / "below"])
    first, second = known.list()
    assert (first.name, first.bytes, second.name) == ("a.txt", 3, "b.txt")
    assert known.find(second.id) == second
    assert [file.id for file in Folders([folder]).list()] == [first.id, second.id]
    (folder / "new.txt").write_text("four")
    assert names(known) == ["a.txt", "new.txt", "b.txt"]


@pytest.mark.skipif(os.name != "posix", reason="links need rights")
def test_nothing_outside_can_be_reached(folder: Path, tmp_path: Path) -> None:
    known = Folders([folder])
    (folder / "link.txt").symlink_to(tmp_path / "outside.txt")
    (folder / "above").symlink_to(tmp_path)
    os.mkfifo(folder / "pipe")
    assert names(known) == ["a.txt", "b.txt"]
    file = known.list()[0]
    file.path.unlink()
    file.path.symlink_to(tmp_path / "outside.txt")
    assert known.find(file.id) is None


def test_what_is_no_folder_is_refused(folder: Path, tmp_path: Path) -> None:
    for path in (tmp_path / "none", folder / "a.txt"):
        with pytest.raises(UsageError, match=r"--documents: .* is no folder"):
            Folders([path])


def test_no_more_than_can_be_listed_is(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(folders, "_MOST", 1)
    known = Folders([folder])
    assert names(known) == names(known) == ["a.txt"]
    assert capsys.readouterr().err.count("no more than 1 files are listed") == 1


def test_a_library_has_files_of_all_places(folder: Path) -> None:
    library = Library(Folders([folder / "below"]), Folders([folder]))
    file = library.list()[0]
    assert library.get(file.id) == file
    with pytest.raises(Refusal, match=r"there is no file '\.\./outside.txt'") as refused:
        library.get("../outside.txt")
    assert refused.value.status == 404
