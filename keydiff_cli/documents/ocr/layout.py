"""From lines that were found on a picture of a page to its text, in the order of reading."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

_PROSE = 15  # letters of a line of running text, at the least
_FULL = 0.6  # share of the longest line that most lines of such a text have
_FEWEST = 4  # lines that a column has at the least


@dataclass(frozen=True)
class Line:
    """A line of text or the cell of a table: its edges in dots from the left and the top."""

    left: float
    top: float
    right: float
    bottom: float
    text: str

    @property
    def height(self) -> float:
        """How high it is."""
        return self.bottom - self.top

    @property
    def middle(self) -> float:
        """How far its middle is from the top."""
        return (self.top + self.bottom) / 2


Row = list[Line]


def page_text(lines: Sequence[Line]) -> str:
    """Write lines as text: row by row, columns of running text one after the other.

    Cells of a row that are further apart than a line is high have two spaces between them.
    """
    return "\n".join(map(_written, _ordered(_rows(lines))))


def _rows(lines: Sequence[Line]) -> list[Row]:
    """Put lines at the same height into rows, from the top, each from the left."""
    rows: list[Row] = []
    for line in sorted(lines, key=lambda line: line.middle):
        last = rows[-1][-1] if rows else None
        if last and line.middle - last.middle < min(line.height, last.height) / 2:
            rows[-1].append(line)
        else:
            rows.append([line])
    return [sorted(row, key=lambda line: line.left) for row in rows]


def _ordered(rows: list[Row]) -> Iterator[Row]:
    """Yield rows in the order of reading, where columns are beside each other cut in two."""
    gap = _gap(rows)
    if gap is None:
        yield from rows
        return
    band: list[Row] = []
    for row in [*rows, None]:
        if row is not None and not any(line.left < gap < line.right for line in row):
            band.append(row)
            continue
        yield from _band(band, gap)
        band = []
        if row is not None:
            yield row


def _gap(rows: list[Row]) -> float | None:
    """Find where the most rows have a gap between two lines; None if few have one."""
    gaps = [(one.right, two.left) for row in rows for one, two in _pairs(row)]
    best, most = None, _FEWEST - 1
    for start, stop in gaps:
        place = (start + stop) / 2
        count = sum(left < place < right for left, right in gaps)
        if count > most:
            best, most = place, count
    return best


def _pairs(row: Row) -> Iterator[tuple[Line, Line]]:
    """Yield neighbours that have room between them."""
    for one, two in pairwise(row):
        if one.right < two.left:
            yield one, two


def _band(rows: list[Row], gap: float) -> Iterator[Row]:
    """Yield rows without a line across a gap: two columns, or else the rows of a table."""
    left = [line for row in rows for line in row if line.right <= gap]
    right = [line for row in rows for line in row if line.left >= gap]
    if _is_prose(left) and _is_prose(right):
        yield from _ordered(_rows(left))
        yield from _ordered(_rows(right))
    else:
        yield from rows


def _is_prose(lines: list[Line]) -> bool:
    """Tell whether lines are running text: long, and most nearly as long as the longest."""
    if len(lines) < _FEWEST:
        return False
    widths = [line.right - line.left for line in lines]
    letters = median(len(line.text) for line in lines)
    return letters >= _PROSE and median(widths) >= _FULL * max(widths)


def _written(row: Row) -> str:
    text = row[0].text
    for one, two in pairwise(row):
        text += ("  " if two.left - one.right > one.height else " ") + two.text
    return text
