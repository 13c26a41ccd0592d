"""Single messages and saved pages, in the format of internet mail."""

from __future__ import annotations

from collections.abc import Iterator
from email.message import Message

from keydiff_cli.documents.byte_stream import CHUNK
from keydiff_cli.documents.composed import ComposedDocument
from keydiff_cli.documents.decoder import Decoder
from keydiff_cli.documents.mail.letter import told, write_letter
from keydiff_cli.documents.mail.mime import letter_of, parse
from keydiff_cli.documents.web.charset import page_encoding
from keydiff_cli.documents.web.page_text import PageText
from keydiff_cli.errors import DocumentError


class _MimeDocument(ComposedDocument):
    """What is read as a message."""

    def _parsed(self) -> Message:
        return parse(iter(lambda: self._file.read(CHUNK), b""), self.name)


class MailDocument(_MimeDocument):
    """A message: its headers, its body, and what is attached as far as it can be read."""

    kind = "eml"
    what = "a mail"

    def _compose(self) -> Iterator[None]:
        warnings = yield from write_letter(self._draft, letter_of(self._parsed()), self.depth)
        self.warnings += told(self.name, warnings)
        yield


class SavedPage(_MimeDocument):
    """A web page that was saved with its pictures (MHTML, RFC 2557)."""

    kind = "mht"
    what = "a saved web page"

    def _compose(self) -> Iterator[None]:
        message = self._parsed()
        pages = [part for part in message.walk() if part.get_content_type() == "text/html"]
        start = message.get_param("start")
        pages.sort(key=lambda part: part.get("Content-ID", "") != start)
        if not pages:
            raise DocumentError(f"{self.name} is a saved web page without a page in it")
        pictures = sum(part.get_content_maintype() == "image" for part in message.walk())
        data = pages[0].get_payload(decode=True)
        data = data if isinstance(data, bytes) else b""
        decoder = Decoder(page_encoding(data, pages[0].get_content_charset() or ""))
        page = PageText(self._draft)
        page.add(decoder.decode(data, final=True))
        page.finish()
        self._draft.leave_out("pictures", max(pictures - _pictures(self), 0))
        if len(pages) > 1:
            self._draft.leave_out("frames", len(pages) - 1)
        yield

    def _warn(self) -> None:
        self._warn_of("frames", "frame")


def _pictures(document: SavedPage) -> int:
    return document._draft.count_left_out("pictures")
