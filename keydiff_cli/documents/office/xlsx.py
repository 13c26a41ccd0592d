"""Excel workbooks, sheet by sheet, with the values as they are shown."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

from keydiff_cli.documents.byte_stream import ByteStream
from keydiff_cli.documents.document import PIECE
from keydiff_cli.documents.draft import one_line
from keydiff_cli.documents.office.number_formats import Formats
from keydiff_cli.documents.office.relations import relations
from keydiff_cli.documents.office.rows import RowWriter
from keydiff_cli.documents.office.sheet import Sheet
from keydiff_cli.documents.office.strings import SharedStrings
from keydiff_cli.documents.xml_events import END, START, TEXT
from keydiff_cli.documents.zipped import Archive, ZippedDocument
from keydiff_cli.errors import DocumentError

_ROWS = 200  # after which the text is given on


@dataclass(frozen=True)
class _Entry:
    """A sheet as the workbook lists it."""

    name: str
    part: str
    kind: str
    hidden: bool


class Workbook(ZippedDocument):
    """A workbook; its hidden sheets count, and are not read."""

    kind = "xlsx"
    what = "an Excel workbook"
    unit = "sheets"
    page_kind = "sheet"

    def __init__(self, stream: ByteStream, archive: Archive, part: str) -> None:
        super().__init__(stream, archive, part)
        self._parts = relations(archive, part)
        self._from_1904 = False
        self._sheets = list(self._list_sheets())
        self.pages = self.total = len(self._sheets)
        if not self._sheets:
            raise DocumentError(f"{self.name} is a workbook without sheets")

    def _list_sheets(self) -> Iterator[_Entry]:
        for event in self._archive.events(self._part):
            values = event.attributes
            if event.what != START:
                continue
            if event.name == "x:workbookPr":
                self._from_1904 = values.get("date1904", "0") in ("1", "true")
            elif event.name == "x:sheet" and values.get("r:id", "") in self._parts:
                relation = self._parts[values["r:id"]]
                hidden = values.get("state", "visible") != "visible"
                yield _Entry(values.get("name", ""), relation.part, relation.kind, hidden)

    def _compose(self) -> Iterator[None]:
        draft, archive = self._draft, self._archive
        with closing(SharedStrings(archive, self._part_of("sharedStrings"))) as strings:
            formats = Formats(archive, self._part_of("styles"), self._from_1904)
            for number, entry in enumerate(self._sheets, start=1):
                draft.begin_page(number, entry.name)
                if entry.hidden:
                    draft.leave_out("hidden sheets")
                    continue
                if entry.kind == "chartsheet":
                    draft.leave_out("charts")
                    continue
                sheet = Sheet(archive.events(entry.part, streams=True), strings, formats, draft)
                writer = RowWriter(draft)
                for index, cells in enumerate(sheet.rows()):
                    writer.write(*cells)
                    if index % _ROWS == _ROWS - 1 or draft.size >= PIECE:
                        yield
                writer.end()
                for relation in relations(archive, entry.part).values():
                    if relation.kind in ("comments", "threadedComment"):
                        draft.leave_out(*self._comments(relation.part))
                    elif relation.kind == "drawing":
                        self._drawing(relation.part)
                yield
        if self._part_of("vbaProject"):
            draft.leave_out("macros")

    def _part_of(self, kind: str) -> str:
        return next((to.part for to in self._parts.values() if to.kind == kind), "")

    def _comments(self, part: str) -> tuple[str, int]:
        names = (event.name for event in self._archive.events(part) if event.what == START)
        return "comments", sum(name.endswith(":comment") for name in names)

    def _drawing(self, part: str) -> None:
        """Write the text boxes of a sheet, and count what else is drawn on it."""
        texts: list[str] = []
        in_text = False
        for what, name, _, text in self._archive.events(part):
            if what == TEXT:
                texts += [text] if in_text else []
                continue
            in_text = what == START and name == "a:t"
            if what == START and name == "c:chart":
                self._draft.leave_out("charts")
            elif what == START and name.endswith(":pic"):
                self._draft.leave_out("pictures")
            elif what == END and name in ("a:p", "a:br"):
                texts.append(" ")
            elif what == END and name.endswith(":sp"):
                if shown := one_line("".join(texts)):
                    self._draft.write(f"[Text box: {shown}]")
                texts.clear()

    def _warn(self) -> None:
        self._warn_of("hidden sheets", "hidden sheet")
        self._warn_of("formulas without value", "formula without value")
        self._warn_of("charts", "chart")
        self._warn_of("comments", "comment")
