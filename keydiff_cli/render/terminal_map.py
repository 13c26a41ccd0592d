"""A map of what the cache holds, on a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TextIO

import numpy as np

from keydiff_cli.reading.mapping import Map
from keydiff_cli.render.coverage import weakest_parts
from keydiff_cli.render.map_grid import (
    ASKED,
    HELD,
    Grid,
    axis_name,
    document_starts,
    grid_of,
    percent,
    summary,
    ticks,
)
from keydiff_cli.render.picture import Colour
from keydiff_cli.scores import Float32
from keydiff_cli.system.terminal import printable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_LABEL = 11  # columns before the cells
_ASCII = " .:-=+*#%@"
_BLOCKS = " ░▒▓█"
_STEPS = 16  # shades where there are colours


def print_map(drawn: Map, file: TextIO) -> None:
    """Print a map, as wide as the terminal.

    In colours, in blocks where there are none, in ASCII where the output is no terminal or cannot
    show blocks.
    """
    from rich.console import Console

    console = Console(file=file, highlight=False, soft_wrap=True)
    width = max(console.width - _LABEL - 1, 10)
    grid = grid_of(drawn, width)
    wide = max(width // max(len(grid.columns), 1), 1)
    for text in summary(drawn):
        console.print(printable(text), markup=False)
    console.print()
    shades = _Shades(console)
    for name, row in grid.rows:
        console.print(shades.row(name, row / grid.top, HELD, wide))
    for name, row in grid.strips:
        console.print(shades.row(name, row, ASKED, wide))
    for text in _axis(drawn, grid, wide):
        console.print(text.rstrip(), markup=False)
    console.print()
    legend = shades.row("", np.linspace(0, 1, shades.count, dtype=np.float32), HELD)
    console.print(legend.append(f" 0 % to {percent(grid.top)} of the tokens of a page"))
    if weakest := weakest_parts(drawn.documents):
        console.print(printable(f"held least: {weakest}"), markup=False)


class _Shades:
    """Cells as a console can show them."""

    def __init__(self, console: Console) -> None:
        self._coloured = console.color_system is not None and not console.no_color
        plain = not console.is_terminal or not console.encoding.lower().startswith("utf")
        self._signs = _ASCII if plain else _BLOCKS
        self.count = _STEPS if self._coloured else len(self._signs)

    def row(
        self, name: str, values: Float32, colours: tuple[Colour, Colour], wide: int = 1
    ) -> Text:
        """A row of values from 0 to 1, each so ``wide``; larger ones are drawn as 1."""
        from rich.text import Text

        text, last = Text(f"{name:>{_LABEL - 1}} "), self.count - 1
        for level in np.ceil(np.clip(values, 0, 1) * last).astype(int).tolist():
            if self._coloured:
                mixed = (a + (b - a) * level // last for a, b in zip(*colours, strict=True))
                text.append(" " * wide, style=f"on rgb({','.join(map(str, mixed))})")
            else:
                text.append(self._signs[level] * wide)
        return text


def _axis(drawn: Map, grid: Grid, wide: int) -> list[str]:
    """Lines below the cells: pages or lines; the names of the documents if there are several."""
    total = wide * len(grid.columns)
    numbers = _placed([(wide * at, text) for at, text in enumerate(ticks(drawn, grid))], total)
    lines = [f"{axis_name(drawn):>{_LABEL - 1}} {numbers}"]
    if len(drawn.documents) > 1:
        starts = [(wide * at, f"|{name}") for at, name in document_starts(drawn, grid)]
        lines.append(" " * _LABEL + _placed(starts, total, cut=True))
    return lines


def _placed(texts: Sequence[tuple[int, str]], width: int, *, cut: bool = False) -> str:
    """Texts at their columns in a line, those left out that would touch the one before.

    If they may be ``cut``, they are, and none is left out.
    """
    line = ""
    for number, (at, text) in enumerate(texts):
        if cut:
            end = texts[number + 1][0] if number + 1 < len(texts) else width
            text = text[: max(end - at, 1)]
        elif not text or (line and at < len(line) + 1) or at + len(text) > width + 3:
            continue
        line = line.ljust(at) + text
    return line
