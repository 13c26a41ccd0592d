"""From lines and where they stand on a page to its text, in the order of reading."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

_PROSE = 15  # letters of a line of running text, at the least
_FULL = 0.6  # share of the longest lines that most lines of such a text have
_WORDS = 5  # times its height that a piece of text is wide at the least which has words
_FEWEST = 4  # lines that a column has at the least
# A column that a PDF draws line by line with another has at the least so many lines, and these so
# many letters; and so full they are. They follow each other after so many times their height.
_FEWEST_DRAWN, _PROSE_DRAWN, _FULL_DRAWN, _STEP_DRAWN = 8, 25, 0.8, 3.0


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


def drawn_across(runs: Sequence[Sequence[int]]) -> list[Line]:
    """Find the cells of a page whose columns a PDF draws line by line, across all of them.

    Parameters
    ----------
    runs : sequence of (left, bottom, right, top)
        Where pieces of text stand, in the order in which they are drawn; from the lower left.

    Returns
    -------
    list of Line
        Of which the letters are not known; empty where the columns of the page, if it has any, are
        drawn one after the other.
    """
    starts = Counter(two[0] for one, two in pairwise(runs) if _is_jump(one, two))
    if max(starts.values(), default=0) < _FEWEST_DRAWN / 2:  # most pages
        return []
    lines = [
        Line(left, -top, right, -bottom, "?" * int(2 * (right - left) / max(1, top - bottom)))
        for left, bottom, right, top in runs
    ]
    rows = _rows(lines)
    drawn = {id(line): place for place, line in enumerate(lines)}
    for _, columns in _bands(rows):
        if columns and _are_drawn_across(columns, drawn):
            return [_joined(cell) for row in rows for cell in _cells(row)]
    return []


def _are_drawn_across(columns: Sequence[list[Line]], drawn: dict[int, int]) -> bool:
    """Tell whether two columns of prose are drawn by turns."""
    in_lines = [[_joined(row) for row in _rows(column)] for column in columns]
    fewest = min(map(len, in_lines))
    if fewest < _FEWEST_DRAWN or not all(
        _is_prose(lines, _PROSE_DRAWN, _FULL_DRAWN) and _is_close(lines) for lines in in_lines
    ):
        return False
    sides = sorted((drawn[id(line)], side) for side in (0, 1) for line in columns[side])
    return sum(one != two for (_, one), (_, two) in pairwise(sides)) >= fewest


def _is_close(lines: Sequence[Line]) -> bool:
    """Tell whether lines follow each other as those of a text do."""
    steps = [two.middle - one.middle for one, two in pairwise(lines)]
    return median(steps) <= _STEP_DRAWN * median(line.height for line in lines)


def _is_jump(run: Sequence[int], following: Sequence[int]) -> bool:
    """Tell whether a text goes on in another one that is further to the right in its row."""
    high = following[3] - following[1]
    if following[0] - run[2] <= high:  # most
        return False
    return (
        _WORDS * high < min(run[2] - run[0], following[2] - following[0])
        and run[1] < following[3]
        and following[1] < run[3]
    )


def _cells(row: Row) -> Iterator[Row]:
    """Cut a row where lines are further apart than one is high."""
    cell = [row[0]]
    for line in row[1:]:
        if line.left - max(one.right for one in cell) > line.height:
            yield cell
            cell = []
        cell.append(line)
    yield cell


def _joined(cell: Row) -> Line:
    return Line(
        min(line.left for line in cell),
        min(line.top for line in cell),
        max(line.right for line in cell),
        max(line.bottom for line in cell),
        "".join(line.text for line in cell),
    )


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
    for band, columns in _bands(rows):
        if columns:
            for column in columns:
                yield from _ordered(_rows(column))
        else:
            yield from band


def _bands(rows: list[Row]) -> Iterator[tuple[list[Row], tuple[list[Line], list[Line]] | None]]:
    """Yield rows that belong together, with two columns where they are running text in two."""
    gap = _gap(rows)
    if gap is None:
        yield rows, None
        return
    band: list[Row] = []
    for row in [*rows, None]:
        if row is not None and not any(line.left < gap < line.right for line in row):
            band.append(row)
            continue
        left = [line for each in band for line in each if line.right <= gap]
        right = [line for each in band for line in each if line.left >= gap]
        yield band, (left, right) if _is_prose(left) and _is_prose(right) else None
        band = []
        if row is not None:
            yield [row], None


def _gap(rows: list[Row]) -> float | None:
    """Find where the most rows have a gap between two lines; None if few have one."""
    gaps = [(one.right, two.left) for row in rows for one, two in _pairs(row)]
    starts, stops = sorted(start for start, _ in gaps), sorted(stop for _, stop in gaps)
    best, most = None, _FEWEST - 1
    for start, stop in gaps:
        place = (start + stop) / 2
        count = bisect_left(starts, place) - bisect_right(stops, place)
        if count > most:
            best, most = place, count
    return best


def _pairs(row: Row) -> Iterator[tuple[Line, Line]]:
    """Yield neighbours that have room between them."""
    for one, two in pairwise(row):
        if one.right < two.left:
            yield one, two


def _is_prose(lines: list[Line], letters: int = _PROSE, full: float = _FULL) -> bool:
    """Tell whether lines are running text: long, and most nearly as long as the longest."""
    if len(lines) < _FEWEST:
        return False
    widths = sorted(line.right - line.left for line in lines)
    most = median(len(line.text) for line in lines)
    return most >= letters and median(widths) >= full * widths[9 * len(widths) // 10]


def _written(row: Row) -> str:
    text = row[0].text
    for one, two in pairwise(row):
        text += ("  " if two.left - one.right > one.height else " ") + two.text
    return text
