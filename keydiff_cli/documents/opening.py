"""From what the user gave to the reader that fits its content."""

from __future__ import annotations

from io import BytesIO
from typing import BinaryIO

from keydiff_cli.documents.byte_stream import ByteStream, open_stream
from keydiff_cli.documents.document import Document
from keydiff_cli.documents.kinds import KINDS, PLAIN_TEXT, Head
from keydiff_cli.documents.ocr.ocr import OFF, Ocr
from keydiff_cli.documents.sniff import known_format
from keydiff_cli.documents.unpacking import Unpacked, packing
from keydiff_cli.errors import DocumentError
from keydiff_cli.system.terminal import printable

_LAYERS = 2  # how often a document may be packed, the one packing within the other


def open_document(
    path: str, stdin: BinaryIO, *, name: str | None = None, ocr: Ocr = OFF
) -> Document:
    """Open a document, recognised by its content and not by its name.

    Parameters
    ----------
    path : str
        A path of a file or a named pipe, or "-" for standard input.
    stdin : binary file
        Standard input; not closed with the document.
    name : str or None
        What the document is called; None for the last part of its path.
    ocr : Ocr
        Which of its pages are read by OCR.

    Returns
    -------
    Document
        To be closed after use, best with ``with``.

    Raises
    ------
    DocumentError
        If it cannot be opened, is empty, or is of no kind that can be read.
    """
    opened = open_stream(path, stdin, name=name)
    try:
        document = _reader(_unpacked(opened))
        document.ocr = ocr
        return document
    except BaseException:
        opened.close()
        raise


def open_bytes(data: bytes, name: str) -> Document:
    """Open a document that is part of another, such as one attached to a mail.

    Raises
    ------
    DocumentError
        As :func:`open_document`.
    """
    return _reader(_unpacked(ByteStream(printable(name), BytesIO(data), owned=True)))


def _unpacked(stream: ByteStream) -> ByteStream:
    """Unpack what gzip, bzip2, xz or zstd packed; DocumentError if it was packed too often."""
    for _ in range(_LAYERS):
        if (how := packing(stream.head)) is None:
            return stream
        stream = Unpacked(stream, how)
    if packing(stream.head):
        raise DocumentError(
            f"{stream.name} is compressed more than {_LAYERS} times over; unpack it first"
        )
    return stream


def _reader(stream: ByteStream) -> Document:
    """Choose the kind of document by the first bytes; DocumentError if no kind reads them."""
    head = Head(stream.head)
    if not head.data:
        raise DocumentError(f"{stream.name} is empty")
    for kind in KINDS:
        if kind.recognises(head):
            return kind.open(stream)
    known = known_format(head.data, binary=head.encoding is None or b"\0" in head.data)
    if known:
        what, advice = known
        raise DocumentError(f"{stream.name} looks like {what}; {advice}")
    if not PLAIN_TEXT.recognises(head):
        raise DocumentError(f"{stream.name} looks like binary data; give a document")
    return PLAIN_TEXT.open(stream)
