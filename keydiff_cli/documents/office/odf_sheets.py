"""The sheets of an OpenDocument spreadsheet, with the values as they are shown."""

from __future__ import annotations

from keydiff_cli.documents.draft import Draft, one_line
from keydiff_cli.documents.office.odf_styles import OdfStyles
from keydiff_cli.documents.office.rows import Cell, RowWriter
from keydiff_cli.documents.xml_events import START, TEXT, Event

_NUMBERS = ("float", "currency", "percentage", "date", "time")
_LEFT_OUT = {
    "draw:image": "pictures",
    "draw:object": "embedded objects",
    "office:annotation": "comments",
}
_MOST_REPEATED = 100  # cells with text that are written as often as they are repeated
_MOST_COLUMNS = 16_384


class OdfSheets:
    """Takes the elements of a spreadsheet one after the other, and writes them to a draft."""

    def __init__(self, draft: Draft, styles: OdfStyles) -> None:
        self._draft, self._styles = draft, styles
        self.count = 0  # of sheets
        self._writer = RowWriter(draft)
        self._cells: list[Cell] = []
        self._parts: list[str] = []
        self._row = self._column = 0
        self._rows = self._columns = 1  # how often the current ones are repeated
        self._is_number = self._in_text = False
        self._formula = False
        self._on_sheet = False  # whether within what is drawn on the sheet, and in no cell
        self._skip = 0

    def take(self, event: Event) -> None:
        """Take the next start, end or text."""
        if self._skip:
            self._skip += (1 if event.what == START else -1) * (event.what != TEXT)
        elif event.what == TEXT:
            if self._in_text:
                self._parts.append(event.text)
        elif event.what == START:
            self._start(event.name, event.attributes)
        else:
            self._end(event.name)

    def end(self) -> None:
        """All rows have been written."""

    def _start(self, name: str, values: dict[str, str]) -> None:
        if name == "table:table":
            self.count += 1
            self._row, self._writer = 0, RowWriter(self._draft)
            self._draft.begin_page(self.count, values.get("table:name", ""))
            if values.get("table:style-name", "") in self._styles.hidden:
                self._draft.leave_out("hidden sheets")
                self._skip = 1
        elif name == "table:table-row":
            self._rows = _times(values.get("table:number-rows-repeated", "1"))
            self._column, self._cells = 0, []
        elif name in ("table:table-cell", "table:covered-table-cell"):
            self._columns = _times(values.get("table:number-columns-repeated", "1"))
            self._is_number = values.get("office:value-type", "") in _NUMBERS
            self._formula = "table:formula" in values
            self._parts.clear()
        elif name in ("text:p", "text:s", "text:tab", "text:line-break"):
            self._parts.append(" ")
            self._in_text = self._in_text or name == "text:p"
        elif name in _LEFT_OUT:
            self._draft.leave_out(_LEFT_OUT[name])
            self._skip = 1
        elif name == "table:shapes":
            self._on_sheet = True
            self._parts.clear()
        elif name in ("table:tracked-changes", "office:forms"):
            self._skip = 1

    def _end(self, name: str) -> None:
        if name == "text:p":
            self._in_text = False
        elif name == "table:shapes":
            self._on_sheet = False
        elif self._on_sheet:
            if name.startswith("draw:") and (text := one_line("".join(self._parts))):
                self._draft.write(f"[Text box: {text}]")
                self._parts.clear()
        elif name in ("table:table-cell", "table:covered-table-cell"):
            text = one_line("".join(self._parts))
            if text and self._column < _MOST_COLUMNS:
                for column in range(min(self._columns, _MOST_REPEATED)):
                    self._cells.append((self._column + column, text, self._is_number))
            elif self._formula and name == "table:table-cell" and not self._is_number:
                self._draft.leave_out("formulas without value")
            self._column += self._columns
        elif name == "table:table-row":
            self._writer.write(self._row + 1, self._cells, self._rows)
            self._row += self._rows
        elif name == "table:table":
            self._writer.end()


def _times(text: str) -> int:
    return max(int(text), 1) if text.isascii() and text.isdigit() and len(text) < 9 else 1
