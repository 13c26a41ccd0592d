"""From what the user gave to the reader that fits its content."""

from __future__ import annotations

import os
import stat
from io import BytesIO
from typing import BinaryIO

from keydiff_cli.documents.byte_stream import ByteStream, reason_of
from keydiff_cli.documents.document import Document
from keydiff_cli.documents.kinds import KINDS, PLAIN_TEXT, Head, Kind
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
    opened = _stream(path, stdin, name=name)
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


def require_document(path: str) -> None:
    """Make sure that a file is of a kind that can be read, by its beginning alone.

    Raises
    ------
    DocumentError
        If it cannot be opened, is empty, or is of no such kind.
    """
    stream = _stream(path, BytesIO())
    try:
        _kind(_unpacked(stream))
    finally:
        stream.close()


def _reader(stream: ByteStream) -> Document:
    """The document of a stream; DocumentError if no kind reads it."""
    return _kind(stream).open(stream)


def _kind(stream: ByteStream) -> Kind:
    """Choose the kind of document by the first bytes; DocumentError if no kind reads them."""
    head = Head(stream)
    if not head.data:
        raise DocumentError(f"{stream.name} is empty")
    for kind in KINDS:
        if kind.recognises(head):
            return kind
    known = known_format(head.data, binary=head.encoding is None or b"\0" in head.data)
    if known:
        what, advice = known
        raise DocumentError(f"{stream.name} looks like {what}; {advice}")
    if not PLAIN_TEXT.recognises(head):
        raise DocumentError(f"{stream.name} looks like binary data; give a document")
    return PLAIN_TEXT


def _stream(path: str, stdin: BinaryIO, *, name: str | None = None) -> ByteStream:
    """Open a path, or standard input for "-"; ``name`` is what it is called.

    Parameters
    ----------
    path : str
        The path of a file or a named pipe, or "-".
    stdin : binary file
        Standard input.

    Raises
    ------
    DocumentError
        If there is no such file, it may not be read, or it is neither a file nor a pipe.
    """
    if path == "-":
        return ByteStream("standard input", stdin, owned=False)
    if not path:
        raise DocumentError("an empty file name was given; name a file")
    name = name or _display_name(path)
    try:
        mode = os.stat(path).st_mode
        if stat.S_ISDIR(mode):
            raise DocumentError(f"{name} is a folder; give a file in it")
        if not (stat.S_ISREG(mode) or stat.S_ISFIFO(mode)):
            raise DocumentError(f"{name} is a device or a socket; give a file or a pipe")
        file = open(path, "rb")  # noqa: SIM115
    except FileNotFoundError as error:
        advice = "download it first" if "://" in path else "check the name"
        raise DocumentError(f"{printable(path)}: there is no such file; {advice}") from error
    except PermissionError as error:
        raise DocumentError(f"{name}: no permission to read it") from error
    except OSError as error:
        raise DocumentError(f"{name} cannot be opened: {reason_of(error)}") from error
    except ValueError as error:  # a NUL in the path
        raise DocumentError(f"{printable(path)}: not a valid file name") from error
    return ByteStream(name, file, owned=True)


def _display_name(path: str) -> str:
    """Shorten a path to its last part, except where that says nothing, as for /dev/fd/63."""
    if path.startswith(("/dev/", "/proc/")):
        return printable(path)
    return printable(os.path.basename(path.rstrip(os.sep)) or path) or "?"
