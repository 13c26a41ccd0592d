"""Files: refused before anything is written, written whole or not at all, private."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from keydiff_cli.errors import UsageError
from keydiff_cli.system.files import (
    hold_file,
    make_private,
    named,
    private_file,
    remove_unheld,
    require_writable,
    whole_file,
)

posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX permissions and links")


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_file_is_written_whole(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_bytes(b"old")
    with whole_file(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert names(tmp_path) == {"report.json"}


def test_what_breaks_off_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_bytes(b"old")
    with pytest.raises(KeyboardInterrupt), whole_file(path) as file:
        file.write(b"half")
        raise KeyboardInterrupt
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == {"report.json"}


def test_a_part_that_was_left_behind_is_replaced(tmp_path: Path) -> None:
    path, part = tmp_path / "snapshot", tmp_path / "snapshot.part"
    part.write_bytes(b"what a killed process left, and longer")
    with private_file(path, part) as file:
        file.write(b"new")
    assert path.read_bytes() == b"new"
    assert names(tmp_path) == {"snapshot"}


@posix
def test_a_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    path, link = tmp_path / "folder" / "file", tmp_path / "link"
    link.symlink_to(path)
    with whole_file(link) as file:
        file.write(b"text")
    assert link.is_symlink()
    assert path.read_bytes() == b"text"


@posix
def test_only_the_user_can_read_what_is_private(tmp_path: Path) -> None:
    previous = os.umask(0)
    try:
        make_private(tmp_path / "folder")
        make_private(tmp_path / "folder")  # is there already
        with private_file(tmp_path / "folder" / "file", tmp_path / "folder" / "part") as file:
            file.write(b"secret")
        with whole_file(tmp_path / "report") as file:
            file.write(b"told")
    finally:
        os.umask(previous)
    modes = [
        stat.S_IMODE((tmp_path / name).stat().st_mode)
        for name in ("folder", "folder/file", "report")
    ]
    assert modes == [0o700, 0o600, 0o666]


def test_the_folder_of_a_file_to_write_is_made(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folders" / "report.json"
    require_writable(path, "--json")
    assert path.parent.is_dir()
    assert not path.exists()


def test_what_cannot_be_written_is_refused_with_its_option(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    require_writable(tmp_path / "file", "--json")
    for path in (tmp_path, tmp_path / "file" / "below"):
        with pytest.raises(UsageError) as caught:
            require_writable(path, "--json")
        assert str(caught.value).startswith(f"--json: {path} cannot be written")


@pytest.mark.skipif(not os.path.exists("/proc/self"), reason="needs a folder that refuses files")
def test_a_folder_in_which_nothing_can_be_written_is_named() -> None:
    with pytest.raises(UsageError, match=r"--json: .*/proc"):
        require_writable(Path("/proc/none/report.json"), "--json")


def test_errors_of_writing_name_their_file(tmp_path: Path) -> None:
    path = tmp_path / "full"
    with pytest.raises(OSError, match="No space left") as caught, named(path):
        raise OSError(28, "No space left on device")
    assert caught.value.filename == str(path)
    with pytest.raises(OSError, match="another") as caught, named(path):
        raise FileNotFoundError(2, "No such file", "another")
    assert caught.value.filename == "another"


@posix
def test_what_is_held_is_not_removed(tmp_path: Path) -> None:
    path = tmp_path / "rows"
    path.write_bytes(b"rows")
    with path.open("rb") as one, path.open("rb") as other:
        assert hold_file(one)
        assert hold_file(other)
        remove_unheld(path)
        one.close()
        remove_unheld(path)
        assert path.exists()
    remove_unheld(path, lambda: False)
    assert path.exists()
    with path.open("rb") as late:
        remove_unheld(path)
        assert not hold_file(late)
    remove_unheld(path)  # although it is gone
    assert names(tmp_path) == set()
