"""Plain text: what comes out of it, however it is cut into pieces, and what is refused."""

from __future__ import annotations

import codecs
import hashlib
import random

import pytest
from document_helpers import NOTHING, Save, ShortReads, piped, read, refusal, text_of
from hypothesis import given, settings
from hypothesis import strategies as st

from keydiff_cli.documents import byte_stream, open_document
from keydiff_cli.documents.byte_stream import CHUNK, SAMPLE
from keydiff_cli.errors import DocumentError


def test_text_file(save: Save) -> None:
    data = "Grüße\r\nund\rmehr\n".encode()
    document = open_document(save("letter.pdf", data), NOTHING)  # the name does not matter
    assert (document.name, document.kind, document.unit) == ("letter.pdf", "text", "bytes")
    assert (document.total, document.pages) == (len(data), None)
    assert read(document) == "Grüße\nund\nmehr\n"
    assert document.sha256 == hashlib.sha256(data).hexdigest()
    assert document.warnings == []


def test_stray_bytes_are_read_as_windows_1252(save: Save) -> None:
    data = "naïve ".encode() + b"caf\xe9 \x80 \x81" + " ☃".encode()
    document = open_document(save("notes.txt", data), NOTHING)
    assert read(document) == "naïve café € \ufffd ☃"
    assert document.warnings == ["3 bytes of notes.txt are not valid UTF-8; read as Windows-1252"]


def test_ascii_sample_then_latin_1() -> None:
    document = piped(b"a" * (SAMPLE + 5) + b" caf\xe9 " + "déjà".encode())
    assert read(document).endswith("a café déjà")
    assert document.warnings == [
        "1 byte of standard input is not valid UTF-8; read as Windows-1252"
    ]


def test_half_a_character_at_the_end() -> None:
    data = "Grüße ☃".encode()[:-1]
    document = piped(data)
    assert read(document) == "Grüße â˜"
    assert document.sha256 == hashlib.sha256(data).hexdigest()
    assert text_of(codecs.BOM_UTF16_LE + "text☃".encode("utf-16-le")[:-1]) == "text\ufffd"


def test_lone_surrogates_are_replaced() -> None:
    data = codecs.BOM_UTF16_LE + "some text \ud800 more".encode("utf-16-le", "surrogatepass")
    assert text_of(data) == "some text \ufffd more"
    assert "\ufffd" not in text_of("ok é".encode() + b"\xed\xa0\x80")


def test_late_nuls_are_dropped() -> None:
    document = piped(b"a" * SAMPLE + b"\0b\r\0\n\0")
    assert read(document) == "a" * SAMPLE + "b\n"
    assert document.warnings == ["dropped 3 NUL bytes of standard input"]


@pytest.mark.parametrize("zeros", [SAMPLE - 1, SAMPLE, 3 * SAMPLE, 3 * SAMPLE + 7])
def test_a_log_behind_a_hole(zeros: int, save: Save) -> None:
    data = bytes(zeros) + b"open\nshut\n" * 99
    for document in (open_document(save("a.log", data), NOTHING), piped(data)):
        assert read(document) == "open\nshut\n" * 99
        assert document.sha256 == hashlib.sha256(data).hexdigest()
        assert document.warnings == [f"dropped {zeros:,} NUL bytes of {document.name}"]


def test_nothing_but_a_hole() -> None:
    assert "binary data" in refusal(lambda: piped(bytes(2 * SAMPLE)))


def test_escapes_and_overstrikes_are_text() -> None:
    assert text_of(b"\x1b[1mbold\x1b[0m N\x08NA\x08A\fnext page") == "bold NA\fnext page"


@pytest.mark.parametrize("spot", range(-2, 3))
def test_line_ends_and_characters_across_pieces(spot: int) -> None:
    for middle in (b"\r\n", b"\r", "é".encode(), "😀".encode(), b"\xe9", b"\r\r\n"):
        data = b"x" * (CHUNK + spot) + middle + b"y" * CHUNK * 5
        expected = data.replace(b"\xe9y", "éy".encode()).decode()
        expected = expected.replace("\r\n", "\n").replace("\r", "\n")
        assert text_of(data) == expected


@given(st.lists(st.integers(50, 9_000), min_size=1, max_size=5), st.integers(0, 3))
@settings(deadline=None, derandomize=True, max_examples=25)
def test_short_reads(sizes: list[int], shift: int) -> None:
    data = b"x" * shift + "añ☃😀\r\n".encode() * 3_000  # longer than the sample
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(byte_stream, "SAMPLE", 26_000)
        patch.setattr(byte_stream, "CHUNK", 6_500)
        document = open_document("-", ShortReads(data, [max(sizes), *sizes]))  # type: ignore[arg-type]
        assert read(document) == data.decode().replace("\r\n", "\n")
    assert document.sha256 == hashlib.sha256(data).hexdigest()


def test_no_cut_of_the_bytes_changes_what_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    dice = random.Random(6)
    parts = [b"word ", b"\n", b"\r", b"\r\n", b"\0", b"\x1b[1m", b"\x1b]", b"\x1b[A", b"\b", b" 5%"]
    parts += ["漢字 ".encode(), b"x" * 700, b"get 1/2\r", b"\x1b", b"\xe9"]
    for _ in range(8):
        data = b"a log\n" + b"".join(dice.choices(parts, k=80))
        whole = piped(data)
        expected = read(whole)
        for size in (5, 1003):
            monkeypatch.setattr(byte_stream, "CHUNK", size)
            cut = piped(data)
            assert read(cut) == expected
            assert (cut.sha256, cut.warnings) == (whole.sha256, whole.warnings)
            assert cut.left_out == whole.left_out
        monkeypatch.setattr(byte_stream, "CHUNK", CHUNK)


def test_random_bytes_never_crash() -> None:
    dice = random.Random(5)
    for _ in range(40):
        data = b"some text " * 20 + bytes(dice.choices(range(1, 256), k=dice.randrange(60)))
        try:
            text_of(data)
        except DocumentError as error:
            assert str(error).isprintable()


def test_one_very_long_line_streams(save: Save) -> None:
    document = open_document(save("long.txt", "wörter ".encode() * 700_000), NOTHING)
    longest = total = 0
    with document:
        for piece in document.pieces():
            longest, total = max(longest, len(piece.text)), total + len(piece.text)
    assert (longest, total) == (max(longest, 1), 4_900_000)
    assert longest <= CHUNK


@pytest.mark.parametrize("data", [b"", codecs.BOM_UTF8, b" \n\t\r\n", b"\n" * 300_000])
def test_empty(data: bytes) -> None:
    assert "is empty" in refusal(lambda: text_of(data))
