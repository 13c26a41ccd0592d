"""A document: what a path or standard input gives, read as a stream of text.

The text comes in pieces in document order, so that memory does not grow with
the length of the document. Everything that can go wrong while reading ends in
a :class:`~keydiff_cli.errors.DocumentError` or in a line of ``warnings``.
"""

from __future__ import annotations

from keydiff_cli.documents.document import Document, Piece
from keydiff_cli.documents.left_out import LeftOut
from keydiff_cli.documents.opening import open_document
from keydiff_cli.documents.outline import Heading

__all__ = ["Document", "Heading", "LeftOut", "Piece", "open_document"]
