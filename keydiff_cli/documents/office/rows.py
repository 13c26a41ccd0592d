"""The rows of a sheet as lines, each with its number, the header repeated from time to time."""

from __future__ import annotations

from keydiff_cli.documents.draft import Draft

REPEAT = 20  # times its length after which the header is written again
_MOST_EMPTY = 20  # empty cells in a row that are written as such

Cell = tuple[int, str, bool]


class RowWriter:
    """Writes the rows of a sheet; those without text are left out.

    The first row is the header if it has at least two cells, and none is a number.
    """

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._header = ""
        self._rows = 0
        self._since = 0  # characters since the header was written

    def write(self, number: int, cells: list[Cell], times: int = 1) -> None:
        """Write a row.

        Parameters
        ----------
        number
            As the program shows it, counted from 1.
        cells
            Those with text, in order: the column, counted from 0, the text, and whether it is a
            number.
        times
            How many rows there are of it, one after the other.
        """
        if not cells:
            return
        parts: list[str] = []
        at = 0
        for column, text, _ in cells:
            if column - at > _MOST_EMPTY:
                parts.append(f"{column_name(column)}: {text}")
            else:
                parts += [""] * (column - at) + [text]
            at = column + 1
        line = " | ".join(parts)
        if self._rows == 0 and len(cells) > 1 and not any(is_number for _, _, is_number in cells):
            self._header = line
        elif self._header and self._since > REPEAT * len(self._header):
            self._draft.write(f"Columns: {self._header}")
            self._since = 0
        label = f"Row {number}" if times == 1 else f"Rows {number}-{number + times - 1}"
        self._draft.write(f"{label}: {line}")
        self._rows += 1
        self._since += len(line)

    def end(self) -> None:
        """End the sheet."""
        self._draft.space()


def column_name(column: int) -> str:
    """The letters of a column that is counted from 0: A, Z, AA."""
    name = ""
    column += 1
    while column > 0:
        column, letter = divmod(column - 1, 26)
        name = chr(ord("A") + letter) + name
    return name
