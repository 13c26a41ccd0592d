"""Word documents, as they are shown with all changes accepted."""

from __future__ import annotations

from collections.abc import Iterator

from keydiff_cli.documents.document import PIECE
from keydiff_cli.documents.draft import Draft, one_line
from keydiff_cli.documents.office.numbering import Numbering
from keydiff_cli.documents.office.relations import related, relations
from keydiff_cli.documents.office.word_body import WordBody
from keydiff_cli.documents.office.word_styles import Styles
from keydiff_cli.documents.xml_events import END, START, TEXT
from keydiff_cli.documents.zipped import Archive, ZippedDocument

_EVENTS = 2000  # of XML, after which the text is given on


class WordDocument(ZippedDocument):
    """A Word document: its headers once, its body with notes and comments, its footers once."""

    kind = "docx"
    what = "a Word document"

    def _compose(self) -> Iterator[None]:
        archive, part = self._archive, self._part
        parts = {relation.kind: relation.part for relation in relations(archive, part).values()}
        notes = {
            **_notes(archive, parts.get("footnotes", ""), "w:footnote"),
            **_notes(archive, parts.get("endnotes", ""), "w:endnote"),
            **_notes(archive, parts.get("comments", ""), "w:comment"),
        }
        self._margin("header")
        styles = Styles(archive, parts.get("styles", ""))
        body = WordBody(self._draft, styles, Numbering(archive, parts.get("numbering", "")), notes)
        with archive.open(part) as file:
            for number, event in enumerate(archive.parse(file)):
                body.take(event)
                if number % _EVENTS == 0 or self._draft.size >= PIECE:
                    self._share = file.tell() / max(archive.size(part), 1)
                    yield
        body.end()
        self._margin("footer")
        if "vbaProject" in parts:
            self._draft.leave_out("macros")
        yield

    def _margin(self, kind: str) -> None:
        """Write what stands in the headers or footers, each text once."""
        texts: dict[str, None] = {}
        for part in related(self._archive, self._part, kind):
            body = WordBody(draft := Draft(), Styles(self._archive, ""), None, {})
            for event in self._archive.events(part):
                body.take(event)
            body.end()
            texts[one_line(" ".join(text for _, text in draft.take()))] = None
        for text in texts:
            if text.strip("0123456789 "):
                self._draft.write(f"[{kind.capitalize()}: {text}]")

    def _warn(self) -> None:
        self._warn_of("deleted passages", "deleted passage")
        self._warn_of("hidden passages", "hidden passage")
        self._warn_of("embedded documents", "embedded document")


def _notes(archive: Archive, part: str, kind: str) -> dict[tuple[str, str], str]:
    """The notes or comments of a part, by kind and identifier, each in one line."""
    notes: dict[tuple[str, str], str] = {}
    key, author, inside, shown = ("", ""), "", "", False
    texts: list[str] = []
    for event in archive.events(part):
        if event.what == START and event.name == kind:
            key = kind, event.attributes.get("w:id", "")
            author, texts = event.attributes.get("w:author", ""), []
            shown = event.attributes.get("w:type", "normal") == "normal"
        elif event.what == END and event.name == kind:
            if shown and (text := one_line("".join(texts))):
                by = f" by {one_line(author)}" if author else ""
                notes[key] = f"{by}: {text}"
        elif event.what == TEXT and inside == "w:t":
            texts.append(event.text)
        elif event.what == END and event.name in ("w:p", "w:tab", "w:br"):
            texts.append(" ")
        inside = event.name if event.what == START else ""
    return notes
