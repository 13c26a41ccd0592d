"""Opening a document: the paths that are refused, and how a document is named."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from document_helpers import NOTHING, Save, refusal
from pdf_files import pdf

from keydiff_cli.documents import open_document


def test_bad_paths(tmp_path: Path, save: Save) -> None:
    assert "folder" in refusal(lambda: open_document(str(tmp_path), NOTHING))
    assert "no such file" in refusal(lambda: open_document(str(tmp_path / "no"), NOTHING))
    assert "empty file name" in refusal(lambda: open_document("", NOTHING))
    assert "download" in refusal(lambda: open_document("https://example.org/a.pdf", NOTHING))
    assert "name" in refusal(lambda: open_document("a\0b", NOTHING))
    assert "a b?:" in refusal(lambda: open_document("a\nb\x1b\udcff", NOTHING))
    assert "cannot be opened" in refusal(lambda: open_document("a" * 5000, NOTHING))
    below = save("file", b"x") + "/below"
    assert "cannot be opened" in refusal(lambda: open_document(below, NOTHING))


@pytest.mark.skipif(sys.platform != "linux", reason="needs a file system that takes any name")
@pytest.mark.parametrize(
    ("raw", "name"),
    [
        (b"two\nlines.txt", "two lines.txt"),
        (b"\x1b[2Jred\x1b[31m.txt", "red.txt"),
        (b"caf\xe9.txt", "caf?.txt"),
        (b"\x1b]0;title", "?"),
        ("naïve 👩\u200d🚀.txt".encode(), "naïve 👩\u200d🚀.txt"),
    ],
)
def test_odd_names(raw: bytes, name: str, tmp_path: Path) -> None:
    path = os.fsdecode(os.fsencode(tmp_path) + b"/" + raw)
    Path(path).write_bytes(b"text")
    with open_document(path, NOTHING) as document:
        assert document.name == name


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs device files")
def test_devices_are_refused() -> None:
    assert "device" in refusal(lambda: open_document("/dev/full", NOTHING))


@pytest.mark.skipif(getattr(os, "geteuid", lambda: 0)() == 0, reason="root may read everything")
def test_no_permission(save: Save) -> None:
    path = save("secret.txt", b"x")
    os.chmod(path, 0)
    assert "no permission" in refusal(lambda: open_document(path, NOTHING))


def test_no_permission_message(save: Save, monkeypatch: pytest.MonkeyPatch) -> None:
    def deny(path: str) -> os.stat_result:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "stat", deny)
    assert "no permission" in refusal(lambda: open_document("a.txt", NOTHING))


def test_import_is_light() -> None:
    code = (
        "import sys, keydiff_cli.documents\n"
        "heavy = ('pypdf', 'backports.zstd', 'olefile', 'email', 'html.parser', 'zipfile')\n"
        "print([module for module in heavy if module in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_plain_pdf_needs_neither_pypdf_nor_tables_of_languages(save: Save) -> None:
    code = (
        "import io, sys\n"
        "from keydiff_cli.documents import open_document\n"
        "with open_document(sys.argv[1], io.BytesIO()) as document:\n"
        "    print([piece.text for piece in document.pieces()])\n"
        "heavy = ('pypdf', 'logging', 'xml.etree', 'keydiff_cli.documents.surprise')\n"
        "print([module for module in heavy if module in sys.modules])"
    )
    command = [sys.executable, "-c", code, save("a.pdf", pdf(["nine quays"]))]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["['nine quays\\n']", "[]"]
