"""From what the user gave to the reader that fits its content."""

from __future__ import annotations

from typing import BinaryIO

from keydiff_cli.documents.byte_stream import ByteStream, open_stream
from keydiff_cli.documents.document import Document
from keydiff_cli.documents.encoding import is_binary, looks_like_utf16
from keydiff_cli.documents.plain_text import TextDocument
from keydiff_cli.documents.sniff import is_pdf, known_format
from keydiff_cli.errors import DocumentError


def open_document(path: str, stdin: BinaryIO, *, name: str | None = None) -> Document:
    """Open a document, recognised by its content and not by its name.

    Parameters
    ----------
    path : str
        A path of a file or a named pipe, or "-" for standard input.
    stdin : binary file
        Standard input; not closed with the document.
    name : str or None
        What the document is called; None for the last part of its path.

    Returns
    -------
    Document
        To be closed after use, best with ``with``.

    Raises
    ------
    DocumentError
        If it cannot be opened, is empty, or is neither a PDF nor text.
    """
    opened = open_stream(path, stdin, name=name)
    try:
        return _reader(opened)
    except BaseException:
        opened.close()
        raise


def _reader(stream: ByteStream) -> Document:
    """Choose the kind of document by the first bytes; DocumentError if no kind reads them."""
    head = stream.head
    if not head:
        raise DocumentError(f"{stream.name} is empty")
    if is_pdf(head):
        from keydiff_cli.documents.pdf import PdfDocument

        return PdfDocument(stream)
    binary = is_binary(head)
    known = known_format(head, binary)
    if known:
        what, advice = known
        raise DocumentError(f"{stream.name} looks like {what}; {advice}")
    if binary and looks_like_utf16(head):
        raise DocumentError(
            f"{stream.name} looks like UTF-16 without a byte order mark; "
            "convert it to UTF-8 first, such as with iconv"
        )
    if binary:
        raise DocumentError(f"{stream.name} looks like binary data; give a PDF or a text")
    return TextDocument(stream)
