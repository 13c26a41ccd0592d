"""PDF: its pages and their text, what is left out and told, what is refused and how."""

from __future__ import annotations

import hashlib
import random
import subprocess
import sys
from collections.abc import Iterator

import pytest
from document_helpers import NOTHING, Save, append, piped, read, refusal, text_of
from pdf_files import Page, encrypted, pdf

from keydiff_cli.documents import open_document
from keydiff_cli.documents.byte_stream import ByteStream
from keydiff_cli.documents.ocr.ocr import OFF
from keydiff_cli.errors import DocumentError


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


def test_pages_without_text_are_named(save: Save) -> None:
    pages = ["a", "b", None, "d", "e", "f", None, None, b"", "j"]
    document = open_document(save("report.pdf", pdf(pages)), NOTHING)
    assert read(document) == "a\nb\nd\ne\nf\nj\n"
    assert document.warnings == [
        f"pages 3, 7-9 of report.pdf have no text (scanned?); they were not read: {OFF.advice}"
    ]


def test_many_pages_without_text_stay_one_short_line() -> None:
    pages: list[Page] = ["a", None]
    document = piped(pdf(pages * 200))
    read(document)
    assert len(document.warnings) == 1
    assert "and 188 more of standard input have no text" in document.warnings[0]


def test_no_pages() -> None:
    assert "without pages" in refusal(lambda: piped(pdf([])))


def test_a_page_of_huge_text_is_cut() -> None:
    lines = "\n".join(["x" * 99] * 2000)
    document = piped(pdf([lines, "end"]).replace(b"[0 0 600 800]", b"[0 -24000 600 800]"))
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
    path = save("aes.pdf", encrypted(pdf(["x"]), "pass", "AES-256"))
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


def test_an_index_that_is_rebuilt_is_no_damage(capfd: pytest.CaptureFixture[str]) -> None:
    data = pdf(["one", "two"]).replace(b"startxref\n", b"startxref\n9")
    document = piped(data)
    assert read(document) == "one\ntwo\n"
    assert document.warnings == []  # though pypdf complains: no text is missing
    assert capfd.readouterr() == ("", "")


def test_a_damaged_page_is_left_out() -> None:
    data = pdf(["one", "two", "three"])
    document = piped(data.replace(b"7 0 obj\n<<", b"7 0 obj\n42"))
    assert read(document) == "one\nthree\n"
    assert any("page 2 of standard input" in line for line in document.warnings)


@pytest.mark.parametrize("redirected", [False, True])
def test_a_pdf_that_grows(redirected: bool, save: Save, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save("report.pdf", pdf(["one", "two"]))
    if redirected:  # copied when it is opened
        copy = ByteStream.chunks

        def chunks(source: ByteStream) -> Iterator[bytes]:
            append(path, b"more")
            return copy(source)

        monkeypatch.setattr(ByteStream, "chunks", chunks)
        with open(path, "rb") as stdin:
            assert "changed while" in refusal(lambda: open_document("-", stdin))
        return
    with open_document(path, NOTHING) as document:
        pieces = document.pieces()
        next(pieces)
        append(path, b"more")
        assert "changed while" in refusal(lambda: list(pieces))


def test_mutated_pdfs_never_crash() -> None:
    dice = random.Random(11)
    whole = [
        pdf(["some text", None, "more"]),
        pdf(["a", "b", "c", "d"], per_node=2, packed=True),
        encrypted(pdf(["x"]), ""),
    ]
    for turn in range(12):
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
    for _ in range(8):
        data = b"%PDF-1.7\n" + dice.randbytes(dice.randrange(3000))
        refusal(lambda: text_of(data))  # noqa: B023
