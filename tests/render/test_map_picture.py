"""A map as a picture: what is in it, and that it stays small."""

from __future__ import annotations

import pytest
from made_maps import made_map

from keydiff_cli.render.map_grid import ASKED, HELD
from keydiff_cli.render.map_picture import draw_map
from keydiff_cli.render.picture import Picture, as_png, as_svg


def words(picture: Picture) -> list[str]:
    return [each.text for each in picture.words]


def test_layers_questions_and_pages_are_named() -> None:
    named = words(draw_map(made_map(5, question="Why?", text_parts=2)))
    assert named[:4] == [
        "What the cache holds of 2 documents",
        "toy, keydiff with a budget of 128 tokens",
        "A head holds 50.0 % of 700 tokens",
        "Question: Why?",
    ]
    for text in ("all heads", "layer 1", "layer 2", "attention", "recalled", "read again", "41"):
        assert text in named
    assert {"| report.pdf", "| notes.txt"} <= set(named)
    assert not {"attention", "recalled"} & set(words(draw_map(made_map(5))))


def test_shades_go_from_nothing_to_the_most() -> None:
    drawn = draw_map(made_map(5, question="Why?"))
    colours = {colour for *_, colour in drawn.cells}
    assert {*HELD, *ASKED} <= colours


def test_everything_is_inside() -> None:
    drawn = draw_map(made_map(1000, layers=40, question="Why? " * 99, name="a" * 300))
    for x, y, wide, high, _ in drawn.cells:
        assert 0 <= x <= x + wide <= drawn.width + 0.01
        assert 0 <= y <= y + high <= drawn.height
    assert all(0 < each.y < drawn.height for each in drawn.words)


@pytest.mark.parametrize("pages", [1, 1000])
def test_a_thousand_pages_are_drawn_in_a_small_file(pages: int) -> None:
    picture = draw_map(made_map(pages, layers=32, question="Why?"))
    assert len(as_svg(picture)) < 1e6
    assert len(as_png(picture)) < 1e6
