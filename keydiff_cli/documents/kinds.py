"""The kinds of documents that can be read, and what recognises each of them by its content."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, cast

from keydiff_cli.documents.byte_stream import ByteStream
from keydiff_cli.documents.document import Document
from keydiff_cli.documents.looks import (
    is_compound,
    is_html,
    is_mail,
    is_mbox,
    is_notebook,
    is_rtf,
    is_saved_page,
)
from keydiff_cli.documents.markdown_headings import is_markdown
from keydiff_cli.documents.sniff import is_pdf, is_zip
from keydiff_cli.documents.tables import is_csv

if TYPE_CHECKING:
    from keydiff_cli.documents.encoding import Encoding


@dataclass(frozen=True)
class Head:
    """The beginning of a document, by which its kind is recognised."""

    stream: ByteStream

    @property
    def data(self) -> bytes:
        """The first ``byte_stream.SAMPLE`` bytes, or all of them where there are fewer."""
        return self.stream.head

    @property
    def encoding(self) -> Encoding | None:
        """How the bytes are to be read as text; None if they are no text."""
        return self.stream.encoding

    @cached_property
    def text(self) -> str:
        """The bytes as text, without a byte order mark; nothing if they are no text."""
        if self.encoding is None:
            return ""
        return self.data[self.encoding.mark :].decode(self.encoding.codec, errors="replace")


@dataclass(frozen=True)
class Kind:
    """A kind of document.

    Attributes
    ----------
    recognises : callable
        Whether a document that begins so is of this kind.
    reader : str
        Module and class of its ``Document``, below ``keydiff_cli.documents``; imported when the
        first document of the kind is opened.
    """

    recognises: Callable[[Head], bool]
    reader: str

    def open(self, stream: ByteStream) -> Document:
        """Make the document of a stream; DocumentError if it is damaged."""
        module, _, name = self.reader.rpartition(".")
        reader = getattr(import_module(f"keydiff_cli.documents.{module}"), name)
        return cast(Document, reader(stream))


# The first that recognises a document reads it. What is packed has been unpacked before.
KINDS = [
    Kind(lambda head: is_pdf(head.data), "pdf.PdfDocument"),
    Kind(lambda head: is_zip(head.data), "office.packages.open_package"),
    Kind(lambda head: is_compound(head.data), "mail.compound.open_compound"),
    Kind(lambda head: is_rtf(head.data), "rtf.rtf.RichTextDocument"),
    Kind(lambda head: is_mbox(head.data, head.text), "mail.mbox.MailFolder"),
    Kind(lambda head: is_saved_page(head.text), "mail.eml.SavedPage"),
    Kind(lambda head: is_mail(head.text), "mail.eml.MailDocument"),
    Kind(lambda head: is_html(head.text), "web.html.HtmlDocument"),
    Kind(lambda head: is_notebook(head.text), "notebook.Notebook"),
    Kind(lambda head: is_markdown(head.text), "markdown.MarkdownDocument"),
    Kind(lambda head: is_csv(head.text), "separated.SeparatedDocument"),
]
# What reads a text that is of none of the kinds above, and of no format that is refused.
PLAIN_TEXT = Kind(lambda head: head.encoding is not None, "plain_text.TextDocument")
