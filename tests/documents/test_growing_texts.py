"""A text whose file grows or changes between its opening and its last piece."""

from __future__ import annotations

import codecs
import hashlib
import io
import os
from collections.abc import Callable

import pytest
from document_helpers import NOTHING, Save, append, read, refusal

from keydiff_cli.documents import open_document
from keydiff_cli.documents.byte_stream import CHUNK, SAMPLE


@pytest.mark.parametrize("size", [50, CHUNK, SAMPLE, SAMPLE + CHUNK, 2 * SAMPLE + 1])
@pytest.mark.parametrize("skipped", [None, 0, 7], ids=["path", "stdin", "rest of stdin"])
def test_a_text_that_grows(size: int, skipped: int | None, save: Save) -> None:
    data = (b"one line of a log\n" * size)[:size]
    path = save("app.log", data)
    with open(path, "rb") as stdin:
        stdin.read(skipped or 0)
        document = open_document(path if skipped is None else "-", stdin)
        data = data[skipped or 0 :]
        append(path, b"before it is read\n" * SAMPLE)
        text = ""
        with document:
            for piece in document.pieces():
                text += piece.text
                assert piece.done <= len(data)
                append(path, b"while it is read\n")
        assert (text, piece.done, document.total) == (data.decode(), len(data), len(data))
        assert document.sha256 == hashlib.sha256(data).hexdigest()
        assert document.warnings == [
            f"{document.name} grew while it was read; only its first {len(data):,} bytes were read"
        ]


@pytest.mark.parametrize(
    ("mark", "codec", "text", "character"),
    [
        (b"", "utf-8", "wörter", "😀"),
        (b"", "utf-8", "x" * (CHUNK - 1), "😀"),  # over two chunks
        (b"", "utf-8", "x" * (2 * SAMPLE - 2), "☃"),
        (codecs.BOM_UTF8, "utf-8", "wörter\r", "é"),
        (codecs.BOM_UTF16_LE, "utf-16-le", "wörter", "😀"),
        (codecs.BOM_UTF32_BE, "utf-32-be", "wörter", "😀"),
        (
            b"",
            "shift_jis",
            "夕方、本は机の上に置かれ、月の光が窓から部屋に差し込んでいた。\n" * 6,
            "夕",
        ),
    ],
)
def test_a_text_that_grows_from_the_middle_of_a_character(
    mark: bytes, codec: str, text: str, character: str, save: Save
) -> None:
    whole, last = mark + text.encode(codec), character.encode(codec)
    for cut in range(1, len(last)):
        path = save("app.log", whole + last[:cut])
        document = open_document(path, NOTHING)
        append(path, last[cut:])
        assert read(document) == text.replace("\r", "\n")
        assert document.sha256 == hashlib.sha256(whole).hexdigest()
        *others, growth = document.warnings
        assert f"only its first {len(whole):,} bytes" in growth
        assert [line for line in others if "a guess" not in line] == []


def test_a_text_that_grows_from_the_middle_of_a_line_end(save: Save) -> None:
    path = save("app.log", b"one\r")
    document = open_document(path, NOTHING)
    append(path, b"\ntwo\r\n")
    assert read(document) == "one\n"
    assert document.sha256 == hashlib.sha256(b"one\r").hexdigest()
    assert "first 4 bytes" in document.warnings[0]


@pytest.mark.parametrize("size", [50, 2 * SAMPLE])
@pytest.mark.parametrize(
    "change",
    [
        lambda path: os.truncate(path, 10),
        lambda path: os.truncate(path, 0),
        lambda path: os.utime(path, ns=(1, 1)),  # written to in place
    ],
)
@pytest.mark.parametrize("redirected", [False, True])
def test_a_text_that_changes_otherwise(
    size: int, change: Callable[[str], None], redirected: bool, save: Save
) -> None:
    path = save("notes.txt", b"a line\n" + b"a" * size)
    with open(path, "rb") as stdin, open_document("-" if redirected else path, stdin) as document:
        pieces = document.pieces()
        next(pieces)
        change(path)
        assert "changed while" in refusal(lambda: list(pieces))


def test_a_text_that_was_cut_and_grew_again(save: Save) -> None:
    class Cut(io.FileIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return b"" if self.tell() else super().read(size)

    path = save("app.log", b"a" * 2 * SAMPLE)
    with Cut(path) as stdin:
        document = open_document("-", stdin)  # type: ignore[arg-type]
        append(path, b"more")
        assert "changed while" in refusal(lambda: list(document.pieces()))
