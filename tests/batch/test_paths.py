"""Which documents are found in folders and lists, and which are left out."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from process_helpers import POSIX

from keydiff_cli.batch.paths import find_documents, listed_paths
from keydiff_cli.errors import UsageError


def found(tmp_path: Path, *named: str, leave_out: tuple[Path, ...] = ()) -> tuple[list[str], str]:
    told: list[str] = []
    paths = find_documents([str(tmp_path / name) for name in named], told.append, leave_out)
    return [os.path.relpath(path, tmp_path) for path in paths], "\n".join(told)


def write(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"The text of {name}.\n")


def test_folders_are_walked_sorted_and_hidden_files_left_out(tmp_path: Path) -> None:
    write(tmp_path, "in/z.txt", "in/b/y.txt", "in/a/x.txt", "in/.hidden.txt", "in/.git/w.txt")
    write(tmp_path, "in/rows.jsonl", "first.txt")
    out = tmp_path / "in" / "rows.jsonl"
    paths, told = found(tmp_path, "first.txt", "in", leave_out=(out,))
    assert (paths, told) == (["first.txt", "in/z.txt", "in/a/x.txt", "in/b/y.txt"], "")


def test_what_is_no_document_is_left_out_in_folders_and_said(tmp_path: Path) -> None:
    write(tmp_path, "in/a.txt")
    (tmp_path / "in/empty.txt").touch()
    (tmp_path / "in/picture.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
    (tmp_path / "in/gone").symlink_to("nowhere")
    if POSIX:
        os.mkfifo(tmp_path / "in/pipe")
    paths, told = found(tmp_path, "in", "named.png")
    assert paths == ["in/a.txt", "named.png"], "what is named is for the reading to refuse"
    assert "empty.txt is empty" in told
    assert "picture.png looks like a PNG image" in told
    assert "gone is left out" in told
    assert "pipe" not in told


def test_a_file_counts_once_and_links_to_folders_end_nowhere(tmp_path: Path) -> None:
    write(tmp_path, "in/a.txt")
    (tmp_path / "in/again.txt").symlink_to("a.txt")
    (tmp_path / "in/loop").symlink_to(".")
    assert found(tmp_path, "in/again.txt", "in", "in/a.txt")[0] == ["in/again.txt"]


def test_without_any_document_there_is_nothing_to_do(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    with pytest.raises(UsageError, match="no documents"):
        found(tmp_path, "in")


def test_lists_are_lines_or_end_with_nul() -> None:
    assert listed_paths("a b\né\r\n\nc".encode(), null=False) == ["a b", "é", "c"]
    assert listed_paths(b"a\nb\0c\0", null=True) == ["a\nb", "c"]
