"""Documents that were sent: there for good, or not at all."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from keydiff_cli.errors import UsageError
from keydiff_cli.serve.files import KnownFile
from keydiff_cli.serve.refusals import Refusal
from keydiff_cli.serve.uploads import Upload, Uploads


def opened(folder: Path, each: int = 100, all_together: int = 250) -> Uploads:
    return Uploads(folder / "uploads", each=each, all_together=all_together)


def sent(uploads: Uploads, name: str, content: bytes = b"text") -> KnownFile:
    upload = uploads.begin(name)
    uploads.add(upload, content)
    return uploads.finish(upload, "user_data")


def test_what_was_sent_is_there_for_the_next_server(tmp_path: Path) -> None:
    first = opened(tmp_path)
    file = sent(first, "report.txt", b"The door is green.")
    assert first.find(file.id) == file
    first.close()
    second = opened(tmp_path)
    assert second.list() == [file]
    assert file.path.read_bytes() == b"The door is green."
    assert (file.name, file.bytes, file.purpose) == ("report.txt", 18, "user_data")
    second.close()


@pytest.mark.skipif(os.name != "posix", reason="there are no such modes")
def test_nobody_else_can_read_it(tmp_path: Path) -> None:
    uploads = opened(tmp_path)
    file = sent(uploads, "report.txt")
    assert file.path.stat().st_mode & 0o777 == 0o600
    assert file.path.parent.stat().st_mode & 0o777 == 0o700
    uploads.close()


def test_what_did_not_come_to_its_end_is_nothing(tmp_path: Path) -> None:
    uploads = opened(tmp_path)
    stopped, killed = uploads.begin("a.txt"), uploads.begin("b.txt")
    uploads.add(stopped, b"beginning")
    uploads.give_up(stopped)
    assert not stopped.folder.exists() and killed.folder.exists()
    uploads.close()
    again = opened(tmp_path)
    assert again.list() == [] and not killed.folder.exists()
    again.close()


def test_what_is_deleted_is_gone(tmp_path: Path) -> None:
    uploads = opened(tmp_path)
    file, other = sent(uploads, "a.txt"), sent(uploads, "b.txt")
    assert uploads.delete(file.id) and not uploads.delete(file.id)
    assert uploads.list() == [other] and not file.path.exists()
    uploads.close()
    again = opened(tmp_path)
    assert again.list() == [other]
    again.close()


def refused(uploads: Uploads, upload: Upload, content: bytes) -> int:
    with pytest.raises(Refusal) as refusal:
        uploads.add(upload, content)
    uploads.give_up(upload)
    return refusal.value.status


def test_bounds_of_one_and_of_all(tmp_path: Path) -> None:
    uploads = opened(tmp_path)
    assert refused(uploads, uploads.begin("a.txt"), b"x" * 101) == 413
    sent(uploads, "b.txt", b"x" * 100)
    coming = uploads.begin("c.txt")
    uploads.add(coming, b"x" * 100)
    assert refused(uploads, uploads.begin("d.txt"), b"x" * 51) == 507
    uploads.give_up(coming)
    sent(uploads, "d.txt", b"x" * 51)
    uploads.close()


def test_one_server_has_the_folder(tmp_path: Path) -> None:
    uploads = opened(tmp_path)
    with pytest.raises(UsageError, match="another server has"):
        opened(tmp_path)
    uploads.close()
    (tmp_path / "uploads").rename(tmp_path / "gone")
    (tmp_path / "uploads").write_text("a file")
    with pytest.raises(UsageError, match="cannot be used"):
        opened(tmp_path)


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("a.txt", "a.txt"),
        ("/etc/passwd", "passwd"),
        ("..\\..\\b.pdf", "b.pdf"),
        ("../..", "document"),
        (".about.json", "about.json"),
        ("", "document"),
        ("a\0\x1b[31mb\n.txt", "ab .txt"),
        ("é" * 300 + ".pdf", "é" * 88 + ".pdf"),
    ],
)
def test_a_name_is_one_of_a_file_here(tmp_path: Path, given: str, name: str) -> None:
    uploads = opened(tmp_path)
    file = sent(uploads, given)
    assert file.name == name
    assert file.path.parent.parent == tmp_path / "uploads"
    uploads.close()


def test_a_folder_that_is_none_of_ours_is_passed_over(tmp_path: Path) -> None:
    uploads = opened(tmp_path)
    file = sent(uploads, "a.txt")
    uploads.close()
    about = file.path.parent / ".about.json"
    about.write_text(json.dumps({"purpose": "x"}))
    (tmp_path / "uploads" / "mine").mkdir()
    again = opened(tmp_path)
    assert again.list() == []
    again.close()
