"""What a file is, by its beginning: formats that are refused, and texts that look like them."""

from __future__ import annotations

import codecs
import gzip
import io
import random
import tarfile
import zipfile

import pytest
from document_helpers import piped, refusal, text_of
from pdf_files import pdf


def zipped(*names: str) -> bytes:
    """A zip file, the same bytes at any time."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(zipfile.ZipInfo(name), "x")
    return out.getvalue()


def tarred() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a"))
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (zipped("a.txt"), "zip archive; unpack it first"),
        (zipped(), "empty zip archive"),
        (zipped("xl/workbook.bin"), "binary Excel workbook (xlsb); save it as xlsx"),
        (gzip.compress(tarred(), mtime=0), "tar archive"),
        (b"\x1f\x9d\x90text", "gunzip"),
        (tarred(), "tar archive"),
        (b"\x89PNG\r\n\x1a\n" + bytes(20), "PNG image; run OCR"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "JPEG"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100), "old Office document"),
        (b"\x7fELF\2\1\1" + bytes(9), "program"),
        (b"GGUF\3\0\0\0", "GGUF model"),
        (b"%!PS-Adobe-3.0\n", "ps2pdf"),
        (b"%!PS\r\n(x) show", "ps2pdf"),
        (b"\x04%!PS-Adobe-3.0 EPSF-3.0\r", "ps2pdf"),
        (b"%!\n/Times findfont 9 scalefont setfont 9 9 moveto (x) show showpage", "ps2pdf"),
        (
            b"\x93NUMPY\1\0v\0{'descr': '<i4', }" + bytes([9, 2, 0, 0, 5, 1, 0, 0]) * 9,
            "binary data",
        ),
        (bytes(5000), "binary data"),
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
    "text", ["%!PS is how PostScript begins.\n", "%! a comment\nthe gate is bound to open\n"]
)
def test_a_text_about_postscript_is_text(text: str) -> None:
    assert text_of(text.encode()) == text


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


@pytest.mark.parametrize(
    "junk", [b"junk from a printer\r\n", b"\n\n \t", b"\xef\xbb\xbf", b"mac" + bytes(125), b"a\r"]
)
def test_bytes_before_the_header(junk: bytes) -> None:
    for data in (pdf(["text"]), pdf(["text"]).replace(b" obj\n", b" obj ")):
        assert text_of(junk + data) == "text\n"
