"""The body of a Word document, element by element."""

from __future__ import annotations

from dataclasses import dataclass, field

from keydiff_cli.documents.draft import Draft, one_line
from keydiff_cli.documents.flow import Flow
from keydiff_cli.documents.office.numbering import Numbering
from keydiff_cli.documents.office.word_fields import OFF, PROPERTIES, FormField
from keydiff_cli.documents.office.word_styles import Styles
from keydiff_cli.documents.xml_events import START, TEXT, Event

# Elements whose text is not shown: with what is left out so, or nothing where it is elsewhere.
_SKIPPED = {
    "mc:Fallback": "",
    "w:instrText": "",
    "w:fldData": "",
    "w:rubyPr": "",
    "w:rt": "",
    "w:del": "deleted passages",
    "w:moveFrom": "",
    **dict.fromkeys(("w:pPrChange", "w:rPrChange", "w:tblPrChange", "w:sectPr"), ""),
    "w:altChunk": "embedded documents",
}
_LEFT_OUT = {
    "pic:pic": "pictures",
    "v:imagedata": "pictures",
    "c:chart": "charts",
    "dgm:relIds": "diagrams",
    "o:OLEObject": "embedded documents",
}
_SPECIAL = {"w:tab": "\t", "w:noBreakHyphen": "-", "w:ptab": "\t"}
_NOTES = {
    "w:footnoteReference": ("w:footnote", "Footnote"),
    "w:endnoteReference": ("w:endnote", "Endnote"),
}


@dataclass
class _Paragraph:
    """What is known of a paragraph besides its text."""

    style: str = ""
    level: int | None = None
    number: str | None = None
    depth: int | None = None
    has_text: bool = False
    parts: list[str] = field(default_factory=list)  # of a paragraph in a text box


class WordBody:
    """Takes the elements of a body one after the other, and writes them to a draft.

    Parameters
    ----------
    numbering
        Counts the numbered paragraphs; None where there is no numbering.
    notes
        Footnotes, endnotes and comments, by kind and identifier.
    """

    def __init__(
        self,
        draft: Draft,
        styles: Styles,
        numbering: Numbering | None,
        notes: dict[tuple[str, str], str],
    ) -> None:
        self._draft, self._styles, self._numbering, self._notes = draft, styles, numbering, notes
        self._flow = Flow(draft)
        self._paragraphs: list[_Paragraph] = []  # those that are open: text boxes are in others
        self._skip = 0  # elements that are open from the first one whose text is not shown
        self._hidden = False  # whether the run is
        self._in_text = self._in_run = self._raised = False
        self._properties = 0  # elements of properties that are open, one in the other
        self._count = 0  # of footnotes and endnotes
        self._field: FormField | None = None

    def take(self, event: Event) -> None:
        """Take the next start, end or text."""
        if event.what == TEXT:
            if self._in_text and not self._skip:
                self._text(event.text)
        elif self._skip:
            self._skip += 1 if event.what == START else -1
        elif event.what == START:
            self._start(event.name, event.attributes)
        else:
            self._end(event.name)

    def end(self) -> None:
        """Write what is still open."""
        self._flow.end_tables()

    def _start(self, name: str, values: dict[str, str]) -> None:
        if name in ("w:t", "m:t"):
            self._in_text = True
        elif name in _SKIPPED:
            self._skip = 1
            if (what := _SKIPPED[name]) and not self._properties:
                self._draft.leave_out(what)
        elif name == "w:p":
            if not self._paragraphs:
                self._flow.end_block()
            self._paragraphs.append(_Paragraph())
        elif name == "w:r":
            self._in_run, self._hidden, self._raised = True, False, False
        elif name in ("w:pPr", "w:rPr"):
            self._properties += 1
        elif self._properties:
            self._property(name, values)
        elif name == "w:ffData":
            self._field = FormField()
        elif name in PROPERTIES and self._field:
            self._field.take(name, values.get("w:val"))
        elif name == "w:fldChar" and values.get("w:fldCharType") == "end":
            self._end_field()
        elif name in _SPECIAL:
            self._text(_SPECIAL[name])
        elif name in ("w:br", "w:cr"):
            self._break()
        elif name == "w:sym":
            self._text(_symbol(values.get("w:char", "")))
        elif name == "w:tbl":
            if not self._paragraphs:  # a table in a text box becomes part of its text
                self._flow.begin_table()
        elif name == "w:tc":
            if not self._paragraphs:
                self._flow.begin_cell()
        elif name == "w:gridSpan" and not self._paragraphs:
            self._flow.widen(_whole(values.get("w:val", "1")))
        elif name in _LEFT_OUT:
            self._draft.leave_out(_LEFT_OUT[name])
        elif name == "wp:docPr":
            if text := one_line(values.get("descr", "")):
                self._flow.after(f"[Picture: {text}]")
        elif name in _NOTES:
            self._note(*_NOTES[name], values.get("w:id", ""))
        elif name == "w:commentReference":
            self._comment(values.get("w:id", ""))

    def _end(self, name: str) -> None:
        if name in ("w:t", "m:t"):
            self._in_text = False
        elif name in ("w:pPr", "w:rPr"):
            self._properties -= 1
        elif name == "w:p":
            self._end_paragraph()
        elif name == "w:r":
            self._in_run = self._hidden = False
        elif self._paragraphs:
            pass
        elif name == "w:tr":
            self._flow.end_row()
        elif name == "w:tbl":
            self._flow.end_table()

    def _property(self, name: str, values: dict[str, str]) -> None:
        value = values.get("w:val", "")
        if self._in_run:
            self._hidden = self._hidden or (name == "w:vanish" and value not in OFF)
            self._raised = self._raised or (name == "w:vertAlign" and value == "superscript")
            return
        if not self._paragraphs:
            return
        paragraph = self._paragraphs[-1]
        if name == "w:pStyle":
            paragraph.style = value
        elif name == "w:outlineLvl" and value.isdecimal():
            paragraph.level = int(value) + 1 if int(value) < 9 else 0
        elif name == "w:numId":
            paragraph.number = value
        elif name == "w:ilvl" and value.isdecimal():
            paragraph.depth = int(value)

    def _end_field(self) -> None:
        field, self._field = self._field, None
        if field and not field.has_text:
            self._text(field.text)

    def _text(self, text: str) -> None:
        if self._field and text.strip():
            self._field.has_text = True
        if self._hidden:
            if text.strip():
                self._draft.leave_out("hidden passages")
        elif len(self._paragraphs) > 1:
            self._paragraphs[-1].parts.append(text)
        else:
            if self._paragraphs:
                self._paragraphs[0].has_text = True
            self._flow.text(text, raised=self._raised)
            self._raised = False

    def _break(self) -> None:
        if len(self._paragraphs) > 1:
            self._paragraphs[-1].parts.append(" ")
        else:
            self._flow.line_break()

    def _note(self, kind: str, title: str, identifier: str) -> None:
        if text := self._notes.get((kind, identifier)):
            self._count += 1
            self._text(f"[{self._count}]")
            self._flow.after(f"[{title} {self._count}{text}]")

    def _comment(self, identifier: str) -> None:
        if text := self._notes.get(("w:comment", identifier)):
            self._flow.after(f"[Comment{text}]")

    def _end_paragraph(self) -> None:
        if not self._paragraphs:
            return
        paragraph = self._paragraphs.pop()
        if self._paragraphs:  # in a text box
            if text := "".join(paragraph.parts).strip():
                self._flow.after(text)
            return
        style = self._styles.of(paragraph.style)
        number = style.number if paragraph.number is None else paragraph.number
        depth = style.depth if paragraph.depth is None else paragraph.depth
        if number and number != "0" and self._numbering and paragraph.has_text:
            mark = self._numbering.mark(number, depth)
            self._flow.item(mark, 1 if mark != "-" else depth + 1)
        level = style.level if paragraph.level is None else paragraph.level
        if level and paragraph.has_text:
            self._flow.heading(level)
        self._flow.end_block()


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 1


def _symbol(code: str) -> str:
    """A character of a symbol font, which has its own places for them."""
    try:
        number = int(code, 16)
    except ValueError:
        return ""
    known = {0xF0B7: "•", 0xF0FE: "☒", 0xF0A8: "☐", 0xF06F: "☐", 0xF0FC: "✓", 0xF0A3: "☐"}
    if number in known:
        return known[number]
    return "" if 0xE000 <= number <= 0xF8FF or number > 0x10FFFF else chr(number)
