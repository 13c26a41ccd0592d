"""OpenDocument: texts, spreadsheets and presentations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from keydiff_cli.documents.byte_stream import ByteStream
from keydiff_cli.documents.document import PIECE
from keydiff_cli.documents.draft import one_line
from keydiff_cli.documents.office.odf_body import OdfBody
from keydiff_cli.documents.office.odf_sheets import OdfSheets
from keydiff_cli.documents.office.odf_styles import OdfStyles
from keydiff_cli.documents.xml_events import END, START, TEXT, Event
from keydiff_cli.documents.zipped import Archive, ZippedDocument
from keydiff_cli.errors import DocumentError

_CONTENT, _STYLES, _MANIFEST = "content.xml", "styles.xml", "META-INF/manifest.xml"
_EVENTS = 2000  # of XML, after which the text is given on


class _Body(Protocol):
    def take(self, event: Event) -> None: ...
    def end(self) -> None: ...


class _OpenDocument(ZippedDocument):
    """What the kinds of OpenDocument have in common: their styles, and one stream of content."""

    def __init__(self, stream: ByteStream, archive: Archive, part: str) -> None:
        super().__init__(stream, archive, part)
        for event in archive.events(_MANIFEST):
            if event.name == "manifest:encryption-data":
                raise DocumentError(f"{self.name} needs a password; save it without one first")
        self._styles = OdfStyles()

    def _body(self) -> _Body:
        return OdfBody(self._draft, self._styles)

    def _compose(self) -> Iterator[None]:
        margins: dict[str, list[str]] = {"header": [], "footer": []}
        self._read_styles(margins)
        self._margin("Header", margins["header"])
        body, in_body = self._body(), False
        with self._archive.open(_CONTENT) as file:
            for number, event in enumerate(self._archive.parse(file)):
                if event.name == "office:body":
                    in_body = event.what == START
                elif in_body:
                    self._take(body, event)
                else:
                    self._styles.take(event)
                if number % _EVENTS == 0 or self._draft.size >= PIECE:
                    self._share = file.tell() / max(self._archive.size(_CONTENT), 1)
                    yield
        body.end()
        self._margin("Footer", margins["footer"])
        if any(name.startswith("Basic/") for name in self._archive.names):
            self._draft.leave_out("macros")
        yield

    def _take(self, body: _Body, event: Event) -> None:
        body.take(event)

    def _read_styles(self, margins: dict[str, list[str]]) -> None:
        kind, texts = "", list[str]()
        for event in self._archive.events(_STYLES):
            self._styles.take(event)
            if event.name in ("style:header", "style:footer"):
                if event.what == START:
                    kind, texts = event.name.removeprefix("style:"), []
                else:
                    margins[kind].append(one_line("".join(texts)))
                    kind = ""
            elif kind and event.what == TEXT:
                texts.append(event.text)
            elif kind and event.what == END:
                texts.append(" " if event.name in ("text:p", "text:tab") else "")

    def _margin(self, kind: str, texts: list[str]) -> None:
        for text in dict.fromkeys(texts):
            if text.strip("0123456789 ") and self.page_kind is None:
                self._draft.write(f"[{kind}: {text}]")

    def _warn(self) -> None:
        self._warn_of("deleted passages", "deleted passage")
        self._warn_of("hidden passages", "hidden passage")
        self._warn_of("hidden slides", "hidden slide")
        self._warn_of("hidden sheets", "hidden sheet")
        self._warn_of("formulas without value", "formula without value")
        self._warn_of("embedded objects", "embedded object")


class TextDocument(_OpenDocument):
    """An OpenDocument text."""

    kind = "odt"
    what = "an OpenDocument text"


class Slides(_OpenDocument):
    """An OpenDocument presentation; its hidden slides count, and are not read."""

    kind = "odp"
    what = "an OpenDocument presentation"
    page_kind = "slide"

    def _take(self, body: _Body, event: Event) -> None:
        if event.name == "draw:page" and event.what == START:
            self.pages = (self.pages or 0) + 1
            self._draft.begin_page(self.pages)
            self._hidden = event.attributes.get("draw:style-name", "") in self._styles.hidden
            if self._hidden:
                self._draft.leave_out("hidden slides")
        elif event.name == "draw:page":
            body.end()
        elif not self._hidden:
            body.take(event)

    _hidden = False


class Sheets(_OpenDocument):
    """An OpenDocument spreadsheet; its hidden sheets count, and are not read."""

    kind = "ods"
    what = "an OpenDocument spreadsheet"
    page_kind = "sheet"

    def _body(self) -> _Body:
        self._sheets = OdfSheets(self._draft, self._styles)
        return self._sheets

    def _take(self, body: _Body, event: Event) -> None:
        body.take(event)
        self.pages = self._sheets.count
