"""What every document does: read once, read ahead, closed, and in bounded memory."""

from __future__ import annotations

import codecs
import gc
import io
import os
import threading
import weakref

import pytest
from document_helpers import NOTHING, Save, peak_of, piped, read, refusal
from pdf_files import pdf

from keydiff_cli.documents import open_document
from keydiff_cli.documents.byte_stream import CHUNK, SAMPLE
from keydiff_cli.documents.document import AHEAD, PIECE


def test_read_once() -> None:
    document = piped(b"once")
    read(document)
    for again in (document.pieces, document.require_text):
        with pytest.raises(RuntimeError):
            again()


@pytest.mark.parametrize(
    "data",
    [
        b"text",
        b"\r\n" * SAMPLE + b"text\0 and " + "naïve caf".encode() + b"\xe9" + b"\n" * CHUNK,
        b"\n" * (AHEAD + 3 * SAMPLE) + b"text",  # further on than is looked
        codecs.BOM_UTF16_LE + ("\u3000" * SAMPLE + "漢字").encode("utf-16-le"),
        pdf(["one", None, "two"]),
        pdf([None, None, "x" * 99 + "\n" + "y" * PIECE, None, "z"]),
    ],
)
@pytest.mark.parametrize("redirected", [False, True])
def test_reading_ahead_changes_nothing(data: bytes, redirected: bool, save: Save) -> None:
    outcomes = []
    for ahead in (False, True):
        document = piped(data) if redirected else open_document(save("file", data), NOTHING)
        if ahead:
            document.require_text()
        assert (document.characters, document.sha256, document.warnings) == (0, "", [])
        with document:
            pieces = list(document.pieces())
        outcomes.append((pieces, document.characters, document.sha256, document.warnings))
    assert outcomes[0] == outcomes[1]


@pytest.mark.parametrize("data", [b" \n\t\r\n", b"\n" * 3 * SAMPLE, pdf([None, b""]), pdf([b""])])
def test_a_document_without_text_is_found_before_it_is_read(data: bytes) -> None:
    expected = refusal(lambda: list(piped(data).pieces()))
    assert refusal(piped(data).require_text) == expected


def test_no_more_than_some_blank_text_is_held() -> None:
    stream = io.BytesIO(b"\n" * 8 * AHEAD)
    document = open_document("-", stream)
    document.require_text()
    assert stream.tell() <= SAMPLE + AHEAD + CHUNK
    assert "only white space" in refusal(lambda: list(document.pieces()))


def test_only_the_first_text_of_a_pipe_is_waited_for() -> None:
    out, into = os.pipe()
    with os.fdopen(out, "rb") as stdin, os.fdopen(into, "wb"):
        threading.Thread(target=os.write, args=(into, b"x" * SAMPLE)).start()
        document = open_document("-", stdin)
        reader = threading.Thread(target=document.require_text, daemon=True)
        reader.start()
        reader.join(timeout=10)
        assert not reader.is_alive()  # though the pipe is still open


def test_a_closed_document_is_gone_at_once() -> None:
    document = piped(b"text")
    document.require_text()
    document.close()
    seen = weakref.ref(document)
    gc.disable()
    try:
        del document
        assert seen() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("kind", ["pdf", "text"])
def test_memory_does_not_grow_with_length(kind: str, save: Save) -> None:
    peaks = []
    for times in (1, 12):
        if kind == "pdf":
            pages = [f"page {n} " + "some words\n" * 8 for n in range(60 * times)]
            data = pdf(pages, per_node=10, packed=True)
        else:
            data = "ein langes Wörterbuch ".encode() * 60_000 * times
        peaks.append(peak_of(save(f"{times}", data)))
    assert peaks[1] - peaks[0] < 6_000_000
