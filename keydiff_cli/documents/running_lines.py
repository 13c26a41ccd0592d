"""Running headers and footers: lines that stand at the same place of page after page.

They are read where they are first met, and left out from the third page on that has them. What may
change in them from page to page is the number that the page has in print, which is told. A line
stays where it could be more than that: the head of a table, a title that is numbered, a date, or
a number beside that of the page, such as an invoice's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from keydiff_cli.documents.pdfium import PageAnswer, Run

_ZONE = 0.15  # share of the page at its upper and lower edge in which they may stand
_MOST = 4  # lines at an edge
_NEAR = 2  # points by which the height of a line may differ from page to page
_APART = 1.3  # times the distance of lines, which is less than theirs from the text of the page
_WIDEST = 20  # points between lines, at the most
_AGAIN = ((1, 2), (2, 4))  # pages before that have them, too: all alike, or left and right pages
_BACK = 4
_NUMBERED = re.compile(r"(\W*[^\W\d]{0,4}\W*)(0|[1-9][0-9]{0,4})(\D*)")
_YEAR = re.compile("(19|20)[0-9]{2}")
_AROUND = "-\u2013\u2014|[]().:,/"  # stand around the number of a page
_PAGE = {"", "page", "p", "pg", "pag", "of", "seite", "von", "página", "pagina", "de", "di"}


@dataclass(frozen=True)
class _Line:
    """A line of a page: its index, where it stands, and its words."""

    index: int
    height: int
    words: tuple[str, ...]


@dataclass(frozen=True)
class Rest:
    """What is left of a page.

    Attributes
    ----------
    text : str
        Without the lines that were there before.
    lines : int
        How many these were.
    number : str
        The number of the page, which these lines had in print if any had one; empty if there is
        none, or if they have several.
    """

    text: str
    lines: int = 0
    number: str = ""


class RunningLines:
    """Takes pages in their order, and knows what stood at their edges."""

    def __init__(self) -> None:
        self._before: dict[int, list[_Line]] = {}

    def take(self, page: int, answer: PageAnswer) -> Rest:
        """Take the page of such a number, and return what is left of its text."""
        lines, rows = answer.text.split("\r\n"), _rows(answer.runs)
        low, high = answer.edges
        zone = _ZONE * (high - low)
        top = _outer(rows, lambda row: row[0] > high - zone)
        foot = _outer(rows[::-1], lambda row: row[1] < low + zone)
        outer: list[_Line] = []
        if top or foot:
            at = _lines(lines, answer.heights, rows)
            places = (*range(top), *range(len(rows) - foot, len(rows)))
            outer = [line for row in places for line in at.get(row, ())]
        gone = {
            line.index: number
            for line in outer
            if (number := self._met(page, line, answer.runs)) is not None
        }
        if top + foot >= len(rows):  # there is nothing else
            gone = {}
        numbers = {answer.label} if answer.label else set(filter(None, gone.values()))
        number = numbers.pop() if len(numbers) == 1 else ""
        gone = {index: counted for index, counted in gone.items() if counted in ("", number)}
        self._before[page] = outer
        self._before.pop(page - _BACK, None)
        rest = (line for index, line in enumerate(lines) if index not in gone)
        return Rest("\r\n".join(rest), len(gone), number)

    def _met(self, page: int, line: _Line, runs: Sequence[Run]) -> str | None:
        """Return the number of the page in a line that was met before; None if it was not."""
        for pages in _AGAIN:
            counting = {self._counting(page, line, back) for back in pages}
            if len(counting) > 1 or None in counting:
                continue
            (places,) = counting
            if not places:
                return None if _in_cells(line, runs) or _is_entry(line) else ""
            if len(places) > 1:
                return None
            (place,) = places
            beside = [_is_beside_number(word) for word in line.words]
            if all(beside) or (
                (place == 0 or all(beside[place:])) and runs and _in_cells(line, runs)
            ):
                return line.words[place].strip(_AROUND)
        return None

    def _counting(self, page: int, line: _Line, back: int) -> tuple[int, ...] | None:
        """Return which words of a line count the pages since so many before; None if it is new."""
        for before in self._before.get(page - back, ()):
            if abs(line.height - before.height) > _NEAR or len(line.words) != len(before.words):
                continue
            changed = [
                n
                for n, (new, old) in enumerate(zip(line.words, before.words, strict=True))
                if new != old
            ]
            if all(_counts(line.words[n], before.words[n], back) for n in changed):
                return tuple(changed)
        return None


def _lines(
    lines: Sequence[str], heights: Mapping[int, int], rows: Sequence[tuple[int, int]]
) -> dict[int, list[_Line]]:
    """Return the lines whose heights are known by the rows in which they stand."""
    at: dict[int, list[_Line]] = {}
    for index, height in heights.items():
        away = [abs(bottom - height) for bottom, _ in rows]
        line = _Line(index, height, tuple(lines[index].split()))
        at.setdefault(away.index(min(away)), []).append(line)
    return at


def _rows(runs: Sequence[Run]) -> list[tuple[int, int]]:
    """Return the lower and upper edge of each row of text, from the top."""
    rows: list[tuple[int, int]] = []
    for _, bottom, _, top in sorted(runs, key=lambda run: -run[1] - run[3]):
        if rows and bottom + top > 2 * rows[-1][0]:
            rows[-1] = min(rows[-1][0], bottom), max(rows[-1][1], top)
        else:
            rows.append((bottom, top))
    return rows


def _outer(rows: Sequence[tuple[int, int]], is_outer: Callable[[tuple[int, int]], bool]) -> int:
    """Return how many rows from an edge of the page on stand apart from what follows."""
    if not rows or not is_outer(rows[0]):  # most
        return 0
    steps = [abs(one[0] + one[1] - two[0] - two[1]) / 2 for one, two in pairwise(rows)]
    close = min(sorted(steps)[len(steps) // 4], _WIDEST) if steps else 0
    for count, row in enumerate(rows[:_MOST], 1):
        if not is_outer(row):
            return 0
        if count == len(rows) or steps[count - 1] > _APART * close:
            return count
    return 0


def _counts(word: str, before: str, back: int) -> bool:
    """Tell whether a number is larger than before by so many pages, and all else alike."""
    new, old = _NUMBERED.fullmatch(word), _NUMBERED.fullmatch(before)
    return bool(
        new and old and new[1] == old[1] and new[3] == old[3] and int(new[2]) - int(old[2]) == back
    )


def _is_beside_number(word: str) -> bool:
    """Tell whether a word is part of how the number of a page is written, as in page 3 of 7.

    What may be a year is not, since 3 / 2024 is a month.
    """
    bare = word.strip(_AROUND).lower()
    return bare in _PAGE or (_NUMBERED.fullmatch(word) is not None and not _YEAR.fullmatch(bare))


def _is_entry(line: _Line) -> bool:
    """Tell whether a line says what something is, as in a form of which each page is one."""
    return any(word.endswith(":") for word in line.words[:-1])


def _in_cells(line: _Line, runs: Sequence[Run]) -> bool:
    """Tell whether a line has wider gaps than spaces between words."""
    beside = sorted(tuple(run) for run in runs if run[1] - _NEAR <= line.height <= run[3])
    if not beside:
        return True
    high = max(run[3] - run[1] for run in beside)
    if any(two[0] - one[2] > high for one, two in pairwise(beside)):
        return True
    return beside[-1][2] - beside[0][0] > high * len(" ".join(line.words))  # in one run
