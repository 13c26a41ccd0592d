"""A map of what the cache holds, as a picture."""

from __future__ import annotations

from itertools import pairwise

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
from keydiff_cli.render.picture import Colour, Picture, Words
from keydiff_cli.scores import Float32
from keydiff_cli.system.terminal import printable

_LEFT, _RIGHT, _TOP = 90, 20, 20  # margins
_ACROSS = 890  # the cells of a row together
_MOST = 445  # columns
_ROW, _STRIP = 10, 14  # heights
_STEPS = 32  # shades
_LETTERS = 150  # of a line of text


def draw_map(drawn: Map) -> Picture:
    """Draw a map: pages across, a row for each layer, and below what a question looks at."""
    grid = grid_of(drawn, _MOST)
    wide = _ACROSS / max(len(grid.columns), 1)
    lines = [_short(text) for text in summary(drawn)]
    picture = Picture(_LEFT + _ACROSS + _RIGHT, 0, lines[0])
    y = float(_TOP)
    for number, text in enumerate(lines):
        y += 18
        picture.words.append(Words(_TOP, y, text, 15 if number == 0 else 12, bold=number == 0))
    y += 16
    for name, row in grid.rows:
        high = 2 * _ROW if name == "all heads" else _ROW
        _row(picture, name, y, high, wide, row / grid.top, HELD)
        y += high + (6 if name == "all heads" else 0)
    y += 6
    for name, row in grid.strips:
        _row(picture, name, y, _STRIP, wide, row, ASKED)
        y += _STRIP + 2
    y = _axis(picture, drawn, grid, wide, y)
    y += 22
    shades = shaded(np.linspace(0, 1, _STEPS, dtype=np.float32), HELD)
    picture.row(_LEFT, y - 10, 12, 5, shades)
    words = f"0 % to {percent(grid.top)} of the tokens of a page"
    picture.words.append(Words(_LEFT + 5 * _STEPS + 8, y, words))
    if weakest := weakest_parts(drawn.documents):
        y += 18
        picture.words.append(Words(_LEFT, y, _short(f"held least: {weakest}")))
    picture.height = y + 20
    return picture


def shaded(values: Float32, colours: tuple[Colour, Colour]) -> list[Colour]:
    """Colours of values from 0 to 1; larger ones are as 1."""
    levels = np.ceil(np.clip(values, 0, 1) * (_STEPS - 1))[:, None] / (_STEPS - 1)
    light, dark = (np.array(colour, np.float32) for colour in colours)
    mixed = np.round(light + (dark - light) * levels).astype(int)
    return [(red, green, blue) for red, green, blue in mixed.tolist()]


def _row(
    picture: Picture,
    name: str,
    y: float,
    high: float,
    wide: float,
    values: Float32,
    colours: tuple[Colour, Colour],
) -> None:
    picture.row(_LEFT, y, high, wide, shaded(values, colours))
    picture.words.append(Words(_LEFT - 8, y + high / 2 + 3.5, name, 10, ends=True))


def _axis(picture: Picture, drawn: Map, grid: Grid, wide: float, y: float) -> float:
    """Pages, or lines, below the cells, and the documents if there are several; the new bottom."""
    y += 14
    free = 0.0
    for at, text in enumerate(ticks(drawn, grid)):
        x = _LEFT + at * wide
        if text and x >= free and x < _LEFT + _ACROSS - 12:
            picture.words.append(Words(x, y, text, 10))
            free = x + 7 * len(text) + 8
    picture.words.append(Words(_LEFT - 8, y, axis_name(drawn), 10, ends=True))
    if len(drawn.documents) == 1:
        return y
    y += 14
    starts = [(_LEFT + at * wide, name) for at, name in document_starts(drawn, grid)]
    starts.append((_LEFT + _ACROSS, ""))
    for (x, name), (end, _) in pairwise(starts):
        room = int((end - x - 6) / 6)
        picture.words.append(Words(x, y, f"| {name}"[: max(room, 1)], 10))
    return y


def _short(text: str) -> str:
    text = printable(text)
    return text if len(text) <= _LETTERS else f"{text[: _LETTERS - 3]}..."
