"""Documents: what is recognised, what comes out, what is refused and how."""

from __future__ import annotations

import codecs
import gc
import gzip
import hashlib
import io
import os
import random
import subprocess
import sys
import tarfile
import tempfile
import threading
import weakref
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pdf_files import Page, encrypted, pdf, stream

from keydiff_cli.documents import Document, open_document
from keydiff_cli.documents.document import AHEAD
from keydiff_cli.documents.encoding import Decoder, find_encoding
from keydiff_cli.documents.pdf import PIECE
from keydiff_cli.documents.source import CHUNK, SAMPLE, Source
from keydiff_cli.errors import DocumentError

NOTHING = io.BytesIO()


class ShortReads(io.RawIOBase):
    """A stream that gives a few bytes at a time, whatever is asked for."""

    def __init__(self, data: bytes, sizes: list[int]) -> None:
        self._data, self._sizes, self._at = data, sizes, 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        size = min(size, self._sizes[self._at % len(self._sizes)])
        self._at += 1
        data, self._data = self._data[:size], self._data[size:]
        return data


def read(document: Document) -> str:
    with document:
        pieces = list(document.pieces())
    text = "".join(piece.text for piece in pieces)
    assert all(piece.text for piece in pieces)
    assert document.characters == len(text)
    assert len(document.sha256) == 64
    text.encode()
    done = [piece.done for piece in pieces]
    assert done == sorted(done)
    return text


def piped(data: bytes) -> Document:
    return open_document("-", io.BytesIO(data))


def text_of(data: bytes) -> str:
    return read(piped(data))


def refusal(make: Callable[[], object]) -> str:
    """The message of the DocumentError: one line."""
    with pytest.raises(DocumentError) as caught:
        make()
    message = str(caught.value)
    assert message and message.isprintable()
    return message


@pytest.fixture
def save(tmp_path: Path) -> Callable[[str, bytes], str]:
    def write(name: str, data: bytes) -> str:
        path = tmp_path / name
        path.write_bytes(data)
        return str(path)

    return write


Save = Callable[[str, bytes], str]


# Text


def test_text_file(save: Save) -> None:
    data = "Grüße\r\nund\rmehr\n".encode()
    document = open_document(save("letter.pdf", data), NOTHING)  # the name does not matter
    assert (document.name, document.kind, document.unit) == ("letter.pdf", "text", "bytes")
    assert (document.total, document.pages) == (len(data), None)
    assert read(document) == "Grüße\nund\nmehr\n"
    assert document.sha256 == hashlib.sha256(data).hexdigest()
    assert document.warnings == []


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


@pytest.mark.parametrize(
    ("codec", "mark"),
    [
        ("utf-8", codecs.BOM_UTF8),
        ("utf-16-le", codecs.BOM_UTF16_LE),
        ("utf-16-be", codecs.BOM_UTF16_BE),
        ("utf-32-le", codecs.BOM_UTF32_LE),
        ("utf-32-be", codecs.BOM_UTF32_BE),
    ],
)
def test_byte_order_marks(codec: str, mark: bytes) -> None:
    text = "häßlich 漢字 😀\n" * 20_000
    document = piped(mark + text.encode(codec))
    assert read(document) == text
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


@pytest.mark.parametrize("text", ["café", "Müller", "résumé à la carte, déjà vu", "price: 5 €"])
def test_short_western_texts(text: str) -> None:
    assert text_of(text.encode("cp1252")) == text


@pytest.mark.parametrize(
    ("codec", "text"),
    [
        ("cp1251", "Вечером книга лежала на столе, и лунный свет проникал в окно.\n"),
        ("koi8-r", "Вечером книга лежала на столе, и лунный свет проникал в окно.\n"),
        ("shift_jis", "夕方、本は机の上に置かれ、月の光が窓から部屋に差し込んでいた。\n"),
        ("cp1252", "Die Prüfung der Bücher über längere Zeiträume führte zu Änderungen.\n"),
        ("cp1250", "Późnym wieczorem książka leżała na stole, a światło wpadało przez okno.\n"),
    ],
)
@pytest.mark.parametrize("times", [6, 9000])
def test_guessed_encodings(codec: str, text: str, times: int) -> None:
    document = piped((text * times).encode(codec))
    assert read(document) == text * times
    assert len(document.warnings) == 1
    assert "1252" in document.warnings[0] or "a guess" in document.warnings[0]


def test_wrong_bytes_of_a_guessed_encoding_are_counted() -> None:
    text = "夕方、本は机の上に置かれ、月の光が窓から部屋に差し込んでいた。\n" * 5000
    document = piped(text.encode("shift_jis") + b"\x81 \x81 end")
    assert read(document).endswith(" end")
    assert any("could not be decoded as cp932" in line for line in document.warnings)


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


def test_escapes_and_overstrikes_are_text() -> None:
    assert "bold" in text_of(b"\x1b[1mbold\x1b[0m N\x08NA\x08A\fnext page")


@pytest.mark.parametrize("spot", range(-2, 3))
def test_line_ends_and_characters_across_pieces(spot: int) -> None:
    for middle in (b"\r\n", b"\r", "é".encode(), "😀".encode(), b"\xe9", b"\r\r\n"):
        data = b"x" * (CHUNK + spot) + middle + b"y" * CHUNK * 5
        expected = data.replace(b"\xe9y", "éy".encode()).decode()
        expected = expected.replace("\r\n", "\n").replace("\r", "\n")
        assert text_of(data) == expected


@given(
    st.lists(
        st.one_of(
            st.text(st.characters(codec="utf-8")).map(str.encode),
            st.binary(max_size=6),
            st.sampled_from([b"\r", b"\n", b"\r\n", "😀".encode()[:3]]),
        )
    ).map(b"".join),
    st.lists(st.integers(1, 7), min_size=1, max_size=6),
)
@settings(deadline=None, derandomize=True, max_examples=200)
def test_no_cut_changes_the_text(data: bytes, sizes: list[int]) -> None:
    encoding = find_encoding(data)
    whole, cut = Decoder(encoding), Decoder(encoding)
    expected = whole.decode(data, final=True)
    text, at, turn = "", 0, 0
    while at < len(data):
        size = sizes[turn % len(sizes)]
        text += cut.decode(data[at : at + size])
        at, turn = at + size, turn + 1
        assert data[:at].endswith(cut.pending)
    assert text + cut.decode(b"", final=True) == expected
    assert (cut.stray, cut.nuls, cut.replaced) == (whole.stray, whole.nuls, whole.replaced)
    assert "\r" not in expected and "\0" not in expected
    expected.encode()


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0")))
@settings(deadline=None, derandomize=True)
def test_valid_text_is_kept(text: str) -> None:
    text = "plain words so that control characters are few " * 9 + text
    expected = text.replace("\r\n", "\n").replace("\r", "\n")
    if sum(c < " " or c == "\x7f" for c in text) < 10:
        assert text_of(text.encode()) == expected


@given(st.lists(st.integers(500, 90_000), min_size=1, max_size=5), st.integers(0, 3))
@settings(deadline=None, derandomize=True, max_examples=25)
def test_short_reads(sizes: list[int], shift: int) -> None:
    data = b"x" * shift + "añ☃😀\r\n".encode() * 30_000  # longer than the sample
    document = open_document("-", ShortReads(data, [max(sizes), *sizes]))  # type: ignore[arg-type]
    assert read(document) == data.decode().replace("\r\n", "\n")
    assert document.sha256 == hashlib.sha256(data).hexdigest()


def test_random_bytes_never_crash() -> None:
    dice = random.Random(5)
    for _ in range(300):
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


def test_read_once() -> None:
    document = piped(b"once")
    read(document)
    for again in (document.pieces, document.require_text):
        with pytest.raises(RuntimeError):
            again()


# Reading ahead


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
    found = []
    for ahead in (False, True):
        document = piped(data) if redirected else open_document(save("file", data), NOTHING)
        if ahead:
            document.require_text()
        assert (document.characters, document.sha256, document.warnings) == (0, "", [])
        with document:
            pieces = list(document.pieces())
        found.append((pieces, document.characters, document.sha256, document.warnings))
    assert found[0] == found[1]


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


# What is no document


def zipped(*names: str, mimetype: str = "") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        if mimetype:
            archive.writestr("mimetype", mimetype)
        for name in names:
            archive.writestr(name, "x")
    return out.getvalue()


def tarred() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a"))
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (zipped("[Content_Types].xml", "word/document.xml"), "Word document; save it as PDF"),
        (zipped("[Content_Types].xml", "xl/workbook.xml"), "Excel workbook"),
        (zipped("ppt/presentation.xml"), "PowerPoint"),
        (zipped("a", mimetype="application/epub+zip"), "EPUB"),
        (zipped("a", mimetype="application/vnd.oasis.opendocument.text"), "OpenDocument text"),
        (zipped("a.txt"), "zip archive"),
        (gzip.compress(b"text"), "gzip"),
        (tarred(), "tar archive"),
        (b"\x89PNG\r\n\x1a\n" + bytes(20), "PNG image; run OCR"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "JPEG"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100), "old Office document"),
        (b"\x7fELF\2\1\1" + bytes(9), "program"),
        (b"GGUF\3\0\0\0", "GGUF model"),
        (b"{\\rtf1\\ansi hello}", "RTF"),
        (b"%!PS-Adobe-3.0\n", "ps2pdf"),
        (b"some\0thing", "binary data"),
        ("plain words".encode("utf-16-le"), "UTF-16 without a byte order mark"),
        (codecs.BOM_UTF16_LE + random.Random(1).randbytes(5000), "binary data"),
        (bytes(range(1, 32)) * 9, "binary data"),
    ],
)
def test_refused_formats(data: bytes, said: str) -> None:
    assert said in refusal(lambda: piped(data))


@pytest.mark.parametrize("data", [b"GIF89a is a format", b"BM and MZ", b"RIFF, PAR1, ID3, Rar!"])
def test_signatures_of_letters_in_a_text(data: bytes) -> None:
    assert text_of(data) == data.decode()


@pytest.mark.parametrize(
    "text",
    [
        "A PDF begins with %PDF-1.7 and ends with %%EOF.\n",
        "A text about %PDF-1.4 and\n1 0 obj\n<< >>\nendobj: the objects.\n",
        "The header\n%PDF-1.4 and the object 1 0 obj are what\n2 0 obj like these look for.\n",
    ],
)
def test_a_text_about_pdf_is_text(text: str) -> None:
    assert text_of(text.encode()) == text


# Paths


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


# Files that change


def append(path: str, data: bytes) -> None:
    with open(path, "ab") as file:
        file.write(data)


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
    path = save("notes.txt", b"a" * size)
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


@pytest.mark.parametrize("redirected", [False, True])
def test_a_pdf_that_grows(redirected: bool, save: Save, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save("report.pdf", pdf(["one", "two"]))
    if redirected:  # copied when it is opened
        copy = Source.chunks

        def chunks(source: Source) -> Iterator[bytes]:
            append(path, b"more")
            return copy(source)

        monkeypatch.setattr(Source, "chunks", chunks)
        with open(path, "rb") as stdin:
            assert "changed while" in refusal(lambda: open_document("-", stdin))
        return
    with open_document(path, NOTHING) as document:
        pieces = document.pieces()
        next(pieces)
        append(path, b"more")
        assert "changed while" in refusal(lambda: list(pieces))


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
    assert document._source._file.closed


# PDF


def test_pdf(save: Save) -> None:
    data = pdf(["first page\nsecond line", "page two (with brackets)", "three"])
    document = open_document(save("report.txt", data), NOTHING)
    assert (document.kind, document.unit, document.total, document.pages) == ("pdf", "pages", 3, 3)
    pieces = list(document.pieces())
    assert [(p.text, p.page, p.done) for p in pieces] == [
        ("first page\nsecond line\n", 1, 1),
        ("page two (with brackets)\n", 2, 2),
        ("three\n", 3, 3),
    ]
    assert document.sha256 == hashlib.sha256(data).hexdigest()
    assert document.warnings == []


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("per_node", [0, 7])
def test_every_page_in_order(packed: bool, per_node: int) -> None:
    pages = [f"page {n}" for n in range(50)]
    assert text_of(pdf(pages, per_node=per_node, packed=packed)) == "\n".join(pages) + "\n"


@pytest.mark.parametrize(
    "junk", [b"junk from a printer\r\n", b"\n\n \t", b"\xef\xbb\xbf", b"mac" + bytes(125), b"a\r"]
)
def test_bytes_before_the_header(junk: bytes) -> None:
    for data in (pdf(["text"]), pdf(["text"]).replace(b" obj\n", b" obj ")):
        assert text_of(junk + data) == "text\n"


def test_pages_without_text_are_named(save: Save) -> None:
    pages = ["a", "b", None, "d", "e", "f", None, None, b"", "j"]
    document = open_document(save("report.pdf", pdf(pages)), NOTHING)
    assert read(document) == "a\nb\nd\ne\nf\nj\n"
    assert document.warnings == [
        "pages 3, 7-9 of report.pdf have no text (scanned?); they were not read"
    ]


def test_many_pages_without_text_stay_one_short_line() -> None:
    pages: list[Page] = ["a", None]
    document = piped(pdf(pages * 200))
    read(document)
    assert len(document.warnings) == 1
    assert "and 188 more of standard input have no text" in document.warnings[0]


def test_scanned(save: Save) -> None:
    document = open_document(save("scan.pdf", pdf([None, None])), NOTHING)
    assert "ocrmypdf" in refusal(lambda: list(document.pieces()))


def test_no_pages() -> None:
    assert "without pages" in refusal(lambda: piped(pdf([])))


def test_a_page_of_huge_text_is_cut() -> None:
    lines = "\n".join(["x" * 99] * 2000)
    document = piped(pdf([lines, "end"]))
    pieces = list(document.pieces())
    assert max(len(piece.text) for piece in pieces) <= 64 * 1024
    assert {piece.page for piece in pieces} == {1, 2}
    assert "".join(piece.text for piece in pieces) == lines + "\nend\n"


@pytest.mark.parametrize("algorithm", ["RC4-128", "AES-128", "AES-256"])
def test_encrypted(algorithm: str, save: Save) -> None:
    if algorithm != "RC4-128":
        pytest.importorskip("cryptography")
    data = pdf(["secret", "words"])
    assert text_of(encrypted(data, "", algorithm)) == "secret\nwords\n"
    path = save("locked.pdf", encrypted(data, "pass", algorithm))
    message = refusal(lambda: open_document(path, NOTHING))
    assert "password" in message and "qpdf --decrypt" in message


def test_aes_without_its_package(save: Save) -> None:
    pytest.importorskip("cryptography")
    path = save("aes.pdf", encrypted(pdf(["x"]), "", "AES-256"))
    code = (
        "import sys, io\n"
        "sys.modules['cryptography'] = sys.modules['Crypto'] = None\n"
        "from keydiff_cli.documents import open_document\n"
        "from keydiff_cli.errors import DocumentError\n"
        "try:\n    open_document(sys.argv[1], io.BytesIO())\n"
        "except DocumentError as error:\n    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, path], capture_output=True, text=True, check=True
    )
    assert "pip install cryptography" in done.stdout
    assert done.stderr == ""


def test_cut_short() -> None:
    data = pdf([f"page {n} " * 20 for n in range(30)])
    for part in (20, 300, len(data) // 2, len(data) - 200, len(data) - 8):
        try:
            text_of(data[:part])
        except DocumentError as error:
            assert "damaged" in str(error) or "pages" in str(error)
    assert "damaged" in refusal(lambda: text_of(b"%PDF-1.4\n"))


def test_damaged_index_is_rebuilt(capfd: pytest.CaptureFixture[str]) -> None:
    data = pdf(["one", "two"]).replace(b"startxref\n", b"startxref\n9")
    document = piped(data)
    assert read(document) == "one\ntwo\n"
    assert len(document.warnings) == 1
    assert "damaged in places" in document.warnings[0]
    assert capfd.readouterr() == ("", "")


def test_a_damaged_page_is_left_out() -> None:
    data = pdf(["one", "two", "three"])
    document = piped(data.replace(b"7 0 obj\n<<", b"7 0 obj\n42"))
    assert read(document) == "one\nthree\n"
    assert any("page 2 of standard input" in line for line in document.warnings)


def test_bombs_are_left_out() -> None:
    pages: list[Page] = [
        "before",
        b" " * 100_000_000,  # too long once decompressed
        b"q Q " * 600_000 + b"() Tj",  # too many operators
        "x" * 15_000_000,  # too much text
        "~" * 1_000_000,  # of which the font makes 200 times as much
        "\n".join(["~" * 1000] * 1000),
        "after",
    ]
    document = piped(pdf(pages, unicode=b"0061" * 200))
    assert read(document) == "before\nafter\n"
    said = "could not be read (too large or too intricate) and were left out"
    assert document.warnings == [f"pages 2-6 of standard input {said}"]


@pytest.mark.parametrize(
    "bomb",
    [
        "x" * 15_000_000,
        "x" * 5_900_000,
        "~" * 1_000_000,
        "\n".join(["~" * 1000] * 1000),
        b"BT /F1 9 Tf [" + b"(~~~~~~~~~) 3 " * 100_000 + b"] TJ ET",
    ],
    ids=["15 MB of text", "6 MB of text", "one long row", "many rows", "one array"],
)
def test_memory_of_bombs(bomb: Page, save: Save) -> None:
    small, large = (
        peak_of(save("a.pdf", pdf(["before", page], unicode=b"0061" * 200)))
        for page in ("after", bomb)
    )
    assert large - small < 90_000_000


def test_a_bomb_in_a_form_is_left_out() -> None:
    data = pdf(["before", b"/Im1 Do", "after"])
    form = b"BT (%s) Tj ET" % (b"x" * 40_000)
    start, end = data.index(b"4 0 obj"), data.index(b"5 0 obj")
    entries = b"/Subtype/Form/BBox[0 0 9 9]/Resources<</Font<</F1 3 0 R>>>>"
    data = data[:start] + b"4 0 obj\n" + stream(form, entries) + b"\nendobj\n" + data[end:]
    document = piped(data)
    assert read(document) == "before\nafter\n"
    assert any("page 2 of standard input could not be read" in line for line in document.warnings)


def test_a_large_drawing_is_no_bomb() -> None:
    document = piped(pdf(["before", b"q Q " * 600_000, "after"]))
    assert read(document) == "before\nafter\n"
    assert document.warnings == ["page 2 of standard input has no text (scanned?); it was not read"]


def test_form_fields_are_read() -> None:
    fields = [
        b"/FT/Tx/T(n)/TU(Your name)/V(Alice \\(W.\\))",
        b"/Parent<</FT/Tx/T(town)/V<FEFF004B00F6006C006E>>>",
        b"/FT/Ch/T(colours)/V[(red)(blue)]",
        b"/FT/Tx/V(no name)",
        b"/FT/Tx/T(empty)/V()",
        b"/FT/Tx/T(not filled)",
        b"/FT/Btn/T(box)/V/Yes",
        b"/FT/Sig/T(signature)/V<</Type/Sig>>",
    ]
    lines = "Your name: Alice (W.)\ntown: Köln\ncolours: red, blue\nno name\n"
    for packed in (False, True):
        document = piped(pdf(["Please fill in.", "two"], fields=fields, packed=packed))
        pieces = list(document.pieces())
        assert [p.text for p in pieces] == ["Please fill in.\n" + lines, "two\n"]
        assert document.warnings == []
        assert text_of(pdf([b""], fields=fields)) == lines  # not taken for scanned


@pytest.mark.parametrize(
    "field",
    [
        b"/FT/Tx/V 99 0 R",
        b"/FT/Tx/Parent 1 0 R",
        b"/FT/Tx/Parent 7 0 R",
        b"/FT/Tx/V 5",
        b"/FT 5/V[[5]null]",
        b"/FT/Tx/Parent(x)",
        b">> null 5 (x) 99 0 R [5] <</Subtype/Widget",
    ],
)
def test_damaged_form_fields_are_passed_over(field: bytes) -> None:
    data = pdf(["text"], fields=[field, b"/FT/Tx/V(good)"])
    assert text_of(data) == "text\ngood\n"
    assert text_of(data.replace(b"/Annots[", b"/Annots 5 0 R%")) == "text\n"


def test_a_bomb_in_the_form_fields_is_left_out() -> None:
    document = piped(pdf(["one", "two"], fields=[b"/FT/Tx/V(%s)" % (b"x" * 9999)] * 200))
    assert read(document) == "two\n"
    assert "too large or too intricate" in document.warnings[0]


def test_a_page_tree_in_a_circle() -> None:
    data = pdf(["a"] * 4, per_node=2)
    start = data.index(b"/Kids[", data.index(b"5 0 obj"))
    assert "damaged" in refusal(lambda: text_of(data[:start] + b"/Kids[5 0 R" + data[start + 11 :]))


def test_mutated_pdfs_never_crash() -> None:
    dice = random.Random(11)
    whole = [
        pdf(["some text", None, "more"]),
        pdf(["a", "b", "c", "d"], per_node=2, packed=True),
        encrypted(pdf(["x"]), ""),
    ]
    for turn in range(150):
        data = bytearray(whole[turn % 3])
        for _ in range(dice.randrange(1, 12)):
            at = dice.randrange(8, len(data))
            if dice.random() < 0.3:
                del data[at : at + dice.randrange(1, 40)]
            else:
                data[at] = dice.randrange(256)
        try:
            text_of(bytes(data))
        except DocumentError as error:
            assert str(error).isprintable()


def test_random_bytes_after_the_header() -> None:
    dice = random.Random(3)
    for _ in range(60):
        data = b"%PDF-1.7\n" + dice.randbytes(dice.randrange(3000))
        refusal(lambda: text_of(data))  # noqa: B023


# Cost


def test_import_is_light() -> None:
    code = (
        "import sys, keydiff_cli.documents\n"
        "print([m for m in ('pypdf', 'charset_normalizer') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def peak_of(path: str) -> int:
    """Peak memory in bytes of a process that reads a document."""
    code = (
        "import io, sys\n"
        "from keydiff_cli.documents import open_document\n"
        "from keydiff_cli.system.machine import peak\n"
        "with open_document(sys.argv[1], io.BytesIO()) as document:\n"
        "    document.require_text()\n"
        "    for piece in document.pieces(): pass\n"
        "print(peak())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, path], capture_output=True, text=True, check=True
    )
    return int(done.stdout)


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
