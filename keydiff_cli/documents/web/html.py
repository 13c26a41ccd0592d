"""Web pages."""

from __future__ import annotations

from collections.abc import Iterator

from keydiff_cli.documents.byte_stream import CHUNK
from keydiff_cli.documents.composed import ComposedDocument
from keydiff_cli.documents.decoder import Decoder
from keydiff_cli.documents.encoding import Encoding
from keydiff_cli.documents.web.charset import page_encoding
from keydiff_cli.documents.web.page_text import PageText


class HtmlDocument(ComposedDocument):
    """A web page, without its scripts and without what is clearly navigation."""

    kind = "html"
    what = "a web page"

    def _compose(self) -> Iterator[None]:
        encoding = page_encoding(self._stream.head)
        for everything in (False, True):
            self._file.seek(0)
            self._draft.forget_left_out()
            decoder = Decoder(encoding)
            page = PageText(self._draft, everything=everything, title=not everything)
            while data := self._file.read(CHUNK):
                page.add(decoder.decode(data))
                yield
            page.add(decoder.decode(b"", final=True))
            page.finish()
            if page.has_text:
                break
        self._warn_encoding(encoding, decoder)

    def _warn_encoding(self, encoding: Encoding, decoder: Decoder) -> None:
        if encoding.guessed:
            self.warnings.append(
                f"{self.name} does not say its encoding; read as {encoding.label}, a guess"
            )
        if decoder.replaced or decoder.stray:
            count = decoder.replaced + decoder.stray
            self.warnings.append(
                f"{count:,} characters of {self.name} are not valid {encoding.label}"
            )
