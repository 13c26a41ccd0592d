"""The body of an OpenDocument text or slide, element by element."""

from __future__ import annotations

from dataclasses import dataclass

from keydiff_cli.documents.draft import Draft, one_line
from keydiff_cli.documents.flow import Flow
from keydiff_cli.documents.office.odf_styles import OdfStyles
from keydiff_cli.documents.xml_events import END, START, TEXT, Event

_SKIPPED = {
    "text:tracked-changes": "",
    "office:forms": "",
    "text:ruby-text": "",
    "presentation:footer-decl": "",
    "presentation:date-time-decl": "",
    "text:sequence-decls": "",
    "svg:title": "",
    "table:shapes": "",
    "text:hidden-text": "hidden passages",
}
_REPEATED = ("page-number", "date-time", "footer", "header", "page")
_MOST_SPACES = 100


@dataclass
class _List:
    """A list that is open: its style, and how many items it has had."""

    style: str
    items: int = -1


class OdfBody:
    """Takes the elements of a body one after the other, and writes them to a draft."""

    def __init__(self, draft: Draft, styles: OdfStyles) -> None:
        self._draft, self._styles = draft, styles
        self._flow = Flow(draft)
        self._lists: list[_List] = []
        self._new_item = False
        self._aside: list[str] | None = None  # the text of a note or comment that is open
        self._aside_name = ""
        self._skip = 0
        self._paragraphs = 0  # that are open, one in the other
        self._is_title = False
        self._catch = ""  # the element whose text is caught, and the text
        self._caught: list[str] = []
        self._notes = False
        self._raised = False  # whether the next text is

    def take(self, event: Event) -> None:
        """Take the next start, end or text."""
        if event.what == TEXT:
            if self._catch:
                self._caught.append(event.text)
            elif not self._skip and self._paragraphs:
                self._text(" ".join(event.text.split("\n")))
        elif self._skip:
            self._skip += 1 if event.what == START else -1
            if event.what == START and event.name == "text:deletion":
                self._draft.leave_out("deleted passages")
        elif event.what == START:
            self._start(event.name, event.attributes)
        elif event.what == END:
            self._end(event.name)

    def end(self) -> None:
        """Write what is still open."""
        self._flow.end_tables()

    def _start(self, name: str, values: dict[str, str]) -> None:
        if name in ("text:p", "text:h"):
            self._start_paragraph(name, values)
        elif name == "text:s":
            count = values.get("text:c", "1")
            self._text(" " * min(int(count) if count.isdecimal() else 1, _MOST_SPACES))
        elif name == "text:span":
            self._raised = values.get("text:style-name", "") in self._styles.raised
        elif name == "text:tab":
            self._text("\t")
        elif name == "text:line-break":
            self._text("\n")
        elif name in ("text:note-citation", "dc:creator", "svg:desc", "dc:date"):
            self._catch = name
        elif name in ("text:note", "office:annotation"):
            kind = values.get("text:note-class", "footnote").capitalize()
            self._aside, self._aside_name = [], "Comment" if "annotation" in name else kind
        elif name in _SKIPPED:
            self._skip = 1
            if what := _SKIPPED[name]:
                self._draft.leave_out(what)
        elif name == "text:list":
            inherited = self._lists[-1].style if self._lists else ""
            self._lists.append(_List(values.get("text:style-name", inherited)))
        elif name == "text:list-item" and self._lists:
            self._lists[-1].items += 1
            self._new_item = True
        elif name == "table:table" and not self._paragraphs:
            self._flow.begin_table()
        elif name in ("table:table-cell", "table:covered-table-cell") and not self._paragraphs:
            self._flow.begin_cell()
        elif name == "draw:frame":
            place = values.get("presentation:class", "")
            self._is_title = place == "title" and not self._notes
            if place in _REPEATED:
                self._skip = 1
        elif name == "draw:image":
            self._draft.leave_out("pictures")
        elif name in ("draw:object", "draw:object-ole"):
            self._draft.leave_out("embedded objects")
        elif name == "presentation:notes":
            self.end()
            self._notes = True

    def _end(self, name: str) -> None:
        if self._catch == name:
            self._caught_all(name)
        elif name in ("text:p", "text:h"):
            self._end_paragraph()
        elif name in ("text:note", "office:annotation"):
            text = one_line("".join(self._aside or []))
            if text:
                self._flow.after(f"[{self._aside_name}: {text}]")
            self._aside = None
            if not self._paragraphs:
                self._flow.end_block()
        elif name == "text:list" and self._lists:
            self._lists.pop()
        elif name == "table:table-row" and not self._paragraphs:
            self._flow.end_row()
        elif name == "table:table" and not self._paragraphs:
            self._flow.end_table()
        elif name == "draw:frame":
            self._is_title = False
        elif name == "presentation:notes":
            self.end()
            self._notes = False

    def _start_paragraph(self, name: str, values: dict[str, str]) -> None:
        self._paragraphs += 1
        if self._paragraphs > 1 or self._aside is not None:
            self._text(" ")
            return
        level = values.get("text:outline-level", "1")
        if name == "text:h":
            self._flow.heading(int(level) if level.isdecimal() else 1)
        elif self._is_title or self._styles.is_title(values.get("text:style-name", "")):
            self._flow.heading(1)
        elif self._lists:
            depth, current = len(self._lists), self._lists[-1]
            mark = self._styles.mark(current.style, depth, max(current.items, 0))
            self._flow.item(mark if self._new_item else "", depth)
            self._new_item = False

    def _end_paragraph(self) -> None:
        self._paragraphs = max(self._paragraphs - 1, 0)
        if not self._paragraphs and self._aside is None:
            if self._notes:
                self._flow.item("Notes:")
            self._flow.end_block()
        elif self._paragraphs:
            self._text(" ")

    def _text(self, text: str) -> None:
        if self._aside is not None:
            self._aside.append(text)
        else:
            self._flow.text(text, raised=self._raised)
            self._raised = False

    def _caught_all(self, name: str) -> None:
        text, self._catch = one_line("".join(self._caught)), ""
        self._caught.clear()
        if name == "text:note-citation":
            self._flow.text(f"[{text}]")
            self._aside_name += f" {text}"
        elif name == "dc:creator" and self._aside is not None:
            self._aside_name += f" by {text}" if text else ""
        elif name == "svg:desc" and text:
            self._flow.after(f"[Picture: {text}]")
