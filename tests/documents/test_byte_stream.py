"""Where the bytes come from: files, standard input, named pipes, and what goes wrong there."""

from __future__ import annotations

import hashlib
import os
import tempfile
import threading
from pathlib import Path

import pytest
from document_helpers import NOTHING, Save, ShortReads, piped, read, refusal
from pdf_files import pdf

from keydiff_cli.documents import open_document
from keydiff_cli.documents.byte_stream import CHUNK, SAMPLE


def test_standard_input_is_a_pipe() -> None:
    document = piped(b"hello")
    assert (document.name, document.total) == ("standard input", None)
    assert read(document) == "hello"


def test_standard_input_redirected_from_a_file(save: Save) -> None:
    with open(save("a.txt", b"skip hello"), "rb") as file:
        file.read(5)
        document = open_document("-", file)
        assert document.total == 5
        assert read(document) == "hello"
        assert not file.closed


def feed(descriptor: int, data: bytes) -> threading.Thread:
    def write() -> None:
        with os.fdopen(descriptor, "wb") as pipe:
            pipe.write(data)

    thread = threading.Thread(target=write)
    thread.start()
    return thread


@pytest.mark.parametrize(
    ("data", "kind"), [("é".encode() * 200_000, "text"), (pdf(["hi", "ho"]), "pdf")]
)
@pytest.mark.skipif(os.name == "nt", reason="needs POSIX pipes")
def test_pipes(data: bytes, kind: str, tmp_path: Path) -> None:
    fifo = str(tmp_path / "fifo")
    os.mkfifo(fifo)
    texts = []
    for way in ("stdin", "fd", "fifo"):
        if way == "fifo":
            thread = threading.Thread(target=lambda: Path(fifo).write_bytes(data))
            thread.start()
            document = open_document(fifo, NOTHING)
        else:
            out, into = os.pipe()
            thread = feed(into, data)
            if way == "fd" and not os.path.exists(f"/dev/fd/{out}"):
                pytest.skip("no /dev/fd")
            with os.fdopen(out, "rb") as stdin:
                document = open_document("-" if way == "stdin" else f"/dev/fd/{out}", stdin)
                texts.append(read(document))
        if way == "fifo":
            texts.append(read(document))
        thread.join()
        assert document.kind == kind
        assert document.total == (None if kind == "text" else 2)
        assert document.sha256 == hashlib.sha256(data).hexdigest()
    assert texts == [data.decode() if kind == "text" else "hi\nho\n"] * 3


@pytest.mark.parametrize("path", ["/proc/self/status", "/sys/kernel/mm/ksm/run"])
def test_files_whose_size_is_not_true(path: str) -> None:
    if not os.path.exists(path):
        pytest.skip("no such file system")
    document = open_document(path, NOTHING)
    assert read(document)
    assert document.warnings == []


def test_an_error_while_reading() -> None:
    class Broken(ShortReads):
        def read(self, size: int = -1, /) -> bytes:
            if not self._data:
                raise OSError(5, "Input/output error")
            return super().read(size)

    stream = Broken(b"a" * SAMPLE * 2, [CHUNK])
    document = open_document("-", stream)  # type: ignore[arg-type]
    assert "Input/output error" in refusal(lambda: list(document.pieces()))
    stream = Broken(b"", [1])
    assert "Input/output error" in refusal(lambda: open_document("-", stream))  # type: ignore[arg-type]


@pytest.mark.parametrize("tempdir", ["/nowhere", None])
def test_a_pipe_without_room_for_its_copy(
    tempdir: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_: object) -> None:
        raise FileNotFoundError(2, "No usable temporary\ndirectory")

    monkeypatch.setattr(tempfile, "tempdir", tempdir)
    monkeypatch.setattr(tempfile, "TemporaryFile", fail)
    message = refusal(lambda: piped(pdf(["text"])))
    assert "cannot keep a copy of it in" in message and "set TMPDIR" in message


def test_files_are_closed(save: Save) -> None:
    document = open_document(save("a.pdf", pdf(["x"])), NOTHING)
    read(document)
    assert document._stream._file.closed
