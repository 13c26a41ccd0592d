"""What kind of file some bytes are, judged by their beginning."""

from __future__ import annotations

import re

_PDF_WINDOW = 1024  # bytes in which the header of a PDF must begin
_PDF_HEADER = re.compile(rb"[\r\n\0][ \t]*%PDF-\d")
_PDF_OBJECT = re.compile(rb"[\r\n][ \t]*\d+[ \t]+\d+[ \t]+obj[ \t]*[\r\n<\[(/%\d-]")
_LEAD = b"\xef\xbb\xbf \t\r\n\0"  # bytes that may stand before the header

_OCR = "run OCR on it first, such as with ocrmypdf"
_UNPACK = "unpack it first"
_AS_TEXT = "save it as PDF or text"
# (offset in bytes, the bytes there, what such a file is, what to do about it)
_MAGIC: list[tuple[int, bytes, str, str]] = [
    (0, b"\x1f\x9d", "compressed data (.Z)", "unpack it first, such as with gunzip -c"),
    (0, b"\x04\x22\x4d\x18", "lz4-compressed data", _UNPACK),
    (0, b"\x5d\0\0\x80\0", "lzma-compressed data", _UNPACK),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive", _UNPACK),
    (0, b"Rar!\x1a\x07", "a RAR archive", _UNPACK),
    (257, b"ustar", "a tar archive", _UNPACK),
    (0, b"\x89PNG\r\n", "a PNG image", _OCR),
    (0, b"\xff\xd8\xff", "a JPEG image", _OCR),
    (0, b"GIF8", "a GIF image", _OCR),
    (0, b"II*\0", "a TIFF image", _OCR),
    (0, b"MM\0*", "a TIFF image", _OCR),
    (0, b"BM", "a BMP image", _OCR),
    (8, b"WEBP", "a WebP image", _OCR),
    (4, b"ftypheic", "a HEIC image", _OCR),
    (4, b"ftypavif", "an AVIF image", _OCR),
    (4, b"ftyp", "a video or audio file", "give a document"),
    (0, b"RIFF", "a video or audio file", "give a document"),
    (0, b"ID3", "a video or audio file", "give a document"),
    (0, b"OggS", "a video or audio file", "give a document"),
    (0, b"AT&TFORM", "a DjVu document", _AS_TEXT),
    (60, b"BOOKMOBI", "a Mobipocket book", _AS_TEXT),
    (0, b"PK\5\6", "an empty zip archive", "give a document"),
    (0, b"PK\7\x08", "a part of a zip archive", "join its parts first"),
    (0, b"SQLite format 3\0", "an SQLite database", "export it as text"),
    (0, b"\xde\x12\x04\x95", "a catalogue of translations", "give a document"),
    (0, b"PAR1", "a Parquet table", "export it as text"),
    (0, b"GGUF", "a GGUF model", "pass it as the model, and give a document"),
    (0, b"\x7fELF", "a program", "give a document"),
    (0, b"MZ", "a program", "give a document"),
    (0, b"\xca\xfe\xba\xbe", "a program", "give a document"),
    (0, b"\xcf\xfa\xed\xfe", "a program", "give a document"),
    (0, b"\0asm", "a program", "give a document"),
]
_FROM_POSTSCRIPT = ("PostScript", "convert it to PDF first, such as with ps2pdf")
_POSTSCRIPT_LEAD = b"\x04\xef\xbb\xbf \t\r\n"  # drivers of printers begin with a Ctrl-D
_POSTSCRIPT_WINDOW = 4096  # bytes behind "%!" in which operators are looked for
_POSTSCRIPT_HEADER = re.compile(rb"%!PS(?:-Adobe[^\r\n]*)?[ \t]*(?:[\r\n]|$)")
_POSTSCRIPT_OPERATOR = re.compile(
    rb"(?<!\S)(?:findfont|(?:r?move|r?line)to|setfont|showpage|gsave|grestore|bind|def|exch|"
    rb"setlinewidth|translate|currentfile|eexec|save|restore)(?!\S)"
)


def is_pdf(head: bytes) -> bool:
    """Tell whether the first 1024 bytes hold the header of a PDF.

    A header behind other bytes counts only at the start of a line, and where an object of a
    PDF follows on a line of its own, so that a text which speaks of PDFs stays a text.
    """
    if head[:_PDF_WINDOW].lstrip(_LEAD).startswith(b"%PDF-"):
        return True
    header = _PDF_HEADER.search(head, 0, _PDF_WINDOW)
    return header is not None and _PDF_OBJECT.search(head, header.end()) is not None


def is_zip(head: bytes) -> bool:
    """Tell whether a file begins like a zip file with something in it."""
    return head.startswith(b"PK\3\4")


def known_format(head: bytes, binary: bool) -> tuple[str, str] | None:
    """Name a format that cannot be read, and say what to do about it.

    Parameters
    ----------
    head : bytes
        The beginning of the file.
    binary : bool
        Whether the file may be no text; a signature of plain letters counts only then.

    Returns
    -------
    tuple of str, or None
        What the file is and what to do, or None where nothing is recognised.
    """
    if _is_postscript(head):
        return _FROM_POSTSCRIPT
    for offset, magic, what, advice in _MAGIC:
        if head.startswith(magic, offset) and (binary or not _plain(magic)):
            return what, advice
    return None


def _is_postscript(head: bytes) -> bool:
    """Tell whether a file is PostScript: its header alone on a line, or "%!" and two operators.

    Texts of other kinds may begin with "%!", too, such as programs in Erlang or TeX.
    """
    program = head[:_POSTSCRIPT_WINDOW].lstrip(_POSTSCRIPT_LEAD)
    if _POSTSCRIPT_HEADER.match(program):
        return True
    return program.startswith(b"%!") and len({*_POSTSCRIPT_OPERATOR.findall(program)}) > 1


def _plain(magic: bytes) -> bool:
    """Tell whether a signature consists of printable ASCII characters, as a text may."""
    return all(32 <= byte < 127 for byte in magic)
