"""PowerPoint presentations, slide by slide, with the notes."""

from __future__ import annotations

from collections.abc import Iterator

from keydiff_cli.documents.byte_stream import ByteStream
from keydiff_cli.documents.office.relations import related, relations
from keydiff_cli.documents.office.slide import write_slide
from keydiff_cli.documents.xml_events import START
from keydiff_cli.documents.zipped import Archive, ZippedDocument
from keydiff_cli.errors import DocumentError


class Presentation(ZippedDocument):
    """A presentation, in the order in which its slides are shown.

    A slide that is hidden counts, and is not read.
    """

    kind = "pptx"
    what = "a PowerPoint presentation"
    unit = "slides"
    page_kind = "slide"

    def __init__(self, stream: ByteStream, archive: Archive, part: str) -> None:
        super().__init__(stream, archive, part)
        targets = relations(archive, part)
        self._slides = [
            targets[event.attributes["r:id"]].part
            for event in archive.events(part)
            if event.what == START
            and event.name == "p:sldId"
            and event.attributes.get("r:id", "") in targets
        ]
        self.pages = self.total = len(self._slides)
        if not self._slides:
            raise DocumentError(f"{self.name} is a presentation without slides")

    def _compose(self) -> Iterator[None]:
        draft, archive = self._draft, self._archive
        footers: set[str] = set()
        for number, part in enumerate(self._slides, start=1):
            draft.begin_page(number)
            shown = write_slide(draft, archive.events(part), footers)
            if shown:
                for notes in related(archive, part, "notesSlide"):
                    write_slide(draft, archive.events(notes), footers, notes=True)
                for comments in related(archive, part, "comments"):
                    names = (event.name for event in archive.events(comments) if not event.what)
                    draft.leave_out("comments", sum(name.endswith(":cm") for name in names))
            yield
        if any(name.endswith("vbaProject.bin") for name in archive.names):
            draft.leave_out("macros", page=None)

    def _warn(self) -> None:
        self._warn_of("hidden slides", "hidden slide")
        self._warn_of("charts", "chart")
        self._warn_of("diagrams", "diagram")
