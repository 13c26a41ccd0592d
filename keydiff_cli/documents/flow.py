"""Paragraphs, headings, lists and tables: how what flows from a document becomes lines."""

from __future__ import annotations

from dataclasses import dataclass, field

from keydiff_cli.documents.draft import Draft

_MOST_EMPTY = 20  # empty cells in a row that are written as such


@dataclass(frozen=True)
class _Block:
    """A paragraph, or what is like one; a level makes it a heading, a mark an item of a list."""

    text: str
    level: int = 0
    mark: str = ""


@dataclass
class _Table:
    """A table on the way: the cells of its current row, each with its blocks."""

    cells: list[list[_Block]] = field(default_factory=list)


class Flow:
    """Takes text with the ends of its blocks and cells, and writes lines to a draft.

    A row of a table is a line, its cells apart by " | "; a row with text in one cell only is
    written as its paragraphs. A table within a cell becomes part of the text of the cell.
    """

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._parts: list[str] = []
        self._level = 0
        self._mark = ""
        self._after: list[str] = []  # lines to write behind the block: notes, comments
        self._tables: list[_Table] = []
        self._last = ""  # what was written last: text, item, or row

    def text(self, text: str) -> None:
        """Add text to the block."""
        self._parts.append(text)

    def line_break(self) -> None:
        """Begin a new line within the block."""
        self._parts.append("\n")

    def heading(self, level: int) -> None:
        """Make the block a heading."""
        self._level = level

    def item(self, mark: str, depth: int = 1) -> None:
        """Make the block an item of a list, with its bullet or number; 1 is the highest depth."""
        self._mark = "  " * (min(depth, 9) - 1) + (mark and mark + " ")

    def after(self, line: str) -> None:
        """Have a line written behind the block, such as a footnote."""
        self._after.append(line)

    def end_block(self) -> None:
        """End the block, if there is one."""
        if not self._parts:
            return
        lines = [line.strip(" \t") for line in "".join(self._parts).split("\n")]
        text = "\n".join(lines).strip("\n")
        self._parts.clear()
        if not text.strip():
            return
        block = _Block(text, self._level, self._mark)
        self._level, self._mark = 0, ""
        if self._tables and self._tables[-1].cells:
            self._tables[-1].cells[-1].append(block)
        else:
            self._write(block)
            self._write_after()

    def begin_table(self) -> None:
        """Begin a table, which may be within a cell of another."""
        self.end_block()
        self._tables.append(_Table())

    def begin_cell(self, before: int = 0) -> None:
        """Begin a cell behind a number of empty ones."""
        self.end_block()
        if not self._tables:
            self._tables.append(_Table())
        cells = self._tables[-1].cells
        cells += [[] for _ in range(min(before, _MOST_EMPTY))]
        cells.append([])

    def end_row(self, label: str = "") -> None:
        """End the row of the table, and write it, with a label if it has text."""
        self.end_block()
        if not self._tables:
            return
        table = self._tables[-1]
        cells, table.cells = table.cells, []
        filled = [cell for cell in cells if cell]
        outer = self._tables[-2].cells if len(self._tables) > 1 else []
        if not filled:
            pass
        elif outer:
            outer[-1] += filled[0] if len(filled) == 1 else [_Block(_row(cells) + ";")]
        elif len(filled) == 1 and not label:
            for block in filled[0]:
                self._write(block)
        else:
            self._write_row(label + _row(cells))
        if not outer:
            self._write_after()

    def end_table(self) -> None:
        """End the table."""
        self.end_row()
        if self._tables:
            self._tables.pop()
        if not self._tables:
            self._last = "text"

    def end_tables(self) -> None:
        """End the block and all tables that were left open."""
        self.end_block()
        while self._tables:
            self.end_table()
        self._write_after()
        self._last = ""

    def _write(self, block: _Block) -> None:
        if block.level:
            self._draft.heading(f"{block.mark}{block.text}", block.level)
            self._last = "heading"
            return
        kind = "item" if block.mark.strip() else "text"
        if kind == "text" or self._last not in ("item", ""):
            self._draft.space()
        self._draft.write(block.mark + block.text)
        self._last = kind

    def _write_row(self, line: str) -> None:
        if self._last != "row":
            self._draft.space()
        self._draft.write(line)
        self._last = "row"

    def _write_after(self) -> None:
        for line in self._after:
            self._draft.write(line)
        self._after.clear()


def _row(cells: list[list[_Block]]) -> str:
    """The cells of a row in one line, without the empty ones at its end."""
    texts = [" ".join(" ".join(_in_cell(block) for block in cell).split()) for cell in cells]
    while texts and not texts[-1]:
        texts.pop()
    return " | ".join(texts).rstrip(";" if len(texts) == 1 else "")


def _in_cell(block: _Block) -> str:
    return block.mark.lstrip() + block.text.replace("\n", " ")
