"""The cells of a sheet of Excel."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from keydiff_cli.documents.draft import Draft, one_line
from keydiff_cli.documents.office.number_formats import Formats
from keydiff_cli.documents.office.rows import Cell
from keydiff_cli.documents.office.strings import LONGEST_CELL, SharedStrings
from keydiff_cli.documents.xml_events import START, TEXT, Event

_MOST_COLUMNS = 16_384


class Sheet:
    """A sheet as it streams by; formulas whose value was not saved are noted as left out."""

    def __init__(
        self, events: Iterable[Event], strings: SharedStrings, formats: Formats, draft: Draft
    ) -> None:
        self._events, self._strings, self._formats, self._draft = events, strings, formats, draft

    def rows(self) -> Iterator[tuple[int, list[Cell]]]:
        """The number of each row, and its cells with text: column, text, whether a number."""
        row, column = 0, -1
        cells: list[Cell] = []
        values: dict[str, str] = {}
        parts: list[str] = []
        inside = formula = False
        size = 0
        for what, name, attributes, text in self._events:
            if what == TEXT:
                if inside and size < LONGEST_CELL:
                    parts.append(text)
                    size += len(text)
            elif what == START:
                if name == "x:c":
                    values, formula = attributes, False
                    column = _column(attributes.get("r", ""), column + 1)
                elif name == "x:v" or name == "x:t":
                    inside = True
                elif name == "x:f":
                    formula = True
                elif name == "x:row":
                    number = attributes.get("r", "")
                    row = int(number) if number.isdecimal() else row + 1
                    column = -1
            elif name == "x:v" or name == "x:t":
                inside = False
            elif name == "x:c":
                shown = self._shown("".join(parts), values) if parts else None
                parts.clear()
                size = 0
                if shown and shown[0]:
                    cells.append((column, *shown))
                elif formula and not shown:
                    self._draft.leave_out("formulas without value")
            elif name == "x:row":
                yield row, cells
                cells = []

    def _shown(self, value: str, values: dict[str, str]) -> tuple[str, bool]:
        kind = values.get("t", "n")
        if kind == "s":
            return one_line(self._strings[int(value)] if value.isdecimal() else ""), False
        if kind == "b":
            return ("TRUE" if value.strip() == "1" else "FALSE"), False
        if kind == "n":
            return self._formats.shown(value, values.get("s", "0")), True
        return one_line(value), False


def _column(reference: str, default: int) -> int:
    """The column of a reference such as ``AB12``, counted from 0."""
    column = 0
    for letter in reference:
        if not "A" <= letter <= "Z":
            break
        column = min(column * 26 + ord(letter) - ord("A") + 1, _MOST_COLUMNS)
    return column - 1 if column else min(default, _MOST_COLUMNS)
