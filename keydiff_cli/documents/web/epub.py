"""EPUB books, in the order in which they are read."""

from __future__ import annotations

import posixpath
from collections.abc import Generator, Iterator
from urllib.parse import unquote

from keydiff_cli.documents.byte_stream import CHUNK, ByteStream
from keydiff_cli.documents.decoder import Decoder
from keydiff_cli.documents.document import PIECE
from keydiff_cli.documents.draft import one_line
from keydiff_cli.documents.web.charset import page_encoding
from keydiff_cli.documents.web.page_text import PageText
from keydiff_cli.documents.xml_events import END, START, TEXT
from keydiff_cli.documents.zipped import Archive, ZippedDocument
from keydiff_cli.errors import DocumentError

_CONTAINER, _ENCRYPTION = "META-INF/container.xml", "META-INF/encryption.xml"
_FONTS = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")  # obfuscated
_PAGES = ("application/xhtml+xml", "text/html", "application/x-dtbook+xml")


class Book(ZippedDocument):
    """A book; what its spine lists are its sections, named as its table of contents names them.

    They are not called chapters, since the first of them are mostly a title page and the like,
    and section 5 may be chapter 2.
    """

    kind = "epub"
    what = "an EPUB book"
    unit = "sections"
    page_kind = "section"

    def __init__(self, stream: ByteStream, archive: Archive, part: str) -> None:
        super().__init__(stream, archive, part)
        self._check_rights()
        package = next(
            (
                event.attributes.get("full-path", "")
                for event in archive.events(_CONTAINER)
                if event.what == START and event.name == "container:rootfile"
            ),
            "",
        )
        self._spine, contents = self._read_package(package)
        self._titles: dict[str, str] = {}
        for item in contents:
            self._read_contents(item)
        self.pages = self.total = len(self._spine)
        if not self._spine:
            raise DocumentError(f"{self.name} is a book without text: its spine is empty")

    def _check_rights(self) -> None:
        """Refuse a book that is encrypted; fonts that are, do not matter."""
        for event in self._archive.events(_ENCRYPTION):
            method = event.attributes.get("Algorithm", "")
            if event.name == "enc:EncryptionMethod" and method and method not in _FONTS:
                raise DocumentError(
                    f"{self.name} is protected against copying, and cannot be read; "
                    "get it without protection"
                )

    def _read_package(self, package: str) -> tuple[list[str], list[str]]:
        """The members of the spine in order, and those with a table of contents."""
        items: dict[str, tuple[str, str]] = {}
        spine, contents = list[str](), list[str]()
        folder = posixpath.dirname(package)
        for event in self._archive.events(package):
            values = event.attributes
            if event.what != START:
                continue
            if event.name == "opf:item":
                kind, member = values.get("media-type", ""), _within(folder, values.get("href", ""))
                items[values.get("id", "")] = member, kind
                if "nav" in values.get("properties", "").split():
                    contents.insert(0, member)
                elif kind == "application/x-dtbncx+xml":
                    contents.append(member)
            elif event.name == "opf:itemref":
                member, kind = items.get(values.get("idref", ""), ("", ""))
                if kind in _PAGES and member in self._archive:
                    spine.append(member)
                elif member:
                    self._draft.leave_out("sections in another format")
        return spine, contents

    def _read_contents(self, member: str) -> None:
        """Take the titles of sections from a table of contents, in either of its formats."""
        folder, target, texts = posixpath.dirname(member), "", list[str]()
        for event in self._archive.events(member):
            name = event.name.rpartition(":")[2]
            if event.what == TEXT:
                texts.append(event.text)
            elif event.what == START and name in ("a", "navPoint"):
                target, texts = event.attributes.get("href", ""), []
            elif event.what == START and name == "content":
                self._name(_within(folder, event.attributes.get("src", "")), texts)
            elif event.what == END and name == "a" and target:
                self._name(_within(folder, target), texts)

    def _name(self, member: str, texts: list[str]) -> None:
        if title := one_line("".join(texts)):
            self._titles.setdefault(member, title)

    def _compose(self) -> Iterator[None]:
        for number, member in enumerate(self._spine, start=1):
            self._draft.begin_page(number, self._titles.get(member, ""))
            headings = len(self._draft.outline)
            for everything in (False, True):
                self._draft.forget_left_out()
                if (yield from self._section(member, everything)):
                    break
            self._name_by_heading(number, headings)
            yield

    def _section(self, member: str, everything: bool) -> Generator[None, None, bool]:
        """Write a section, with a pause now and then; whether it has text."""
        page = PageText(self._draft, everything=everything, title=False)
        with self._archive.open(member) as file:
            data = file.read(CHUNK)
            decoder = Decoder(page_encoding(data))
            while data:
                page.add(decoder.decode(data))
                if self._draft.size > 16 * PIECE:
                    yield
                data = file.read(CHUNK)
        page.add(decoder.decode(b"", final=True))
        page.finish()
        return page.has_text

    def _name_by_heading(self, number: int, first: int) -> None:
        """Name a section that the table of contents does not have by its first heading."""
        headings = self._draft.outline[first:]
        if number not in self._draft.names and headings:
            self._draft.names[number] = headings[0].title

    def _warn(self) -> None:
        self._warn_of("sections in another format", "section in another format")


def _within(folder: str, target: str) -> str:
    """The member that a reference means, without the place in it."""
    path = unquote(target.partition("#")[0])
    return posixpath.normpath(posixpath.join("/", folder, path)).lstrip("/")
