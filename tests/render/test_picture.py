"""Pictures as SVG and PNG: cells where they belong, words that can be read."""

from __future__ import annotations

import io
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from keydiff_cli.render.picture import Picture, Words, as_png, as_svg

RED, BLUE = (200, 0, 0), (0, 0, 200)


def picture(*words: Words) -> Picture:
    made = Picture(100, 40, "Cells & <words>", words=list(words))
    made.row(10, 5, 10, 20, [RED, RED, BLUE])
    return made


def pixels(png: bytes) -> NDArray[np.uint8]:
    from PIL import Image  # as pdf_files and the OCR tests have it

    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def test_cells_of_a_colour_that_touch_are_one() -> None:
    assert picture().cells == [(10, 5, 40, 10, RED), (50, 5, 20, 10, BLUE)]


def test_svg_is_xml_with_its_cells_and_words() -> None:
    root = ElementTree.fromstring(as_svg(picture(Words(20, 30, "a < b & c", ends=True))))
    space = "{http://www.w3.org/2000/svg}"
    assert root.findtext(f"{space}title") == "Cells & <words>"
    paths = {each.get("fill"): each.get("d") for each in root.iter(f"{space}path")}
    assert paths == {"#c80000": "M10 5h40v10h-40z", "#0000c8": "M50 5h20v10h-20z"}
    (words,) = root.iter(f"{space}text")
    assert (words.text, words.get("text-anchor")) == ("a < b & c", "end")


def test_png_has_the_same_cells() -> None:
    drawn = pixels(as_png(picture()))
    assert drawn.shape == (80, 200, 3)
    assert tuple(drawn[20, 60]) == RED
    assert tuple(drawn[20, 120]) == BLUE
    assert tuple(drawn[60, 60]) == (255, 255, 255)


def test_words_are_drawn_where_they_belong_whatever_is_in_them() -> None:
    text = "(1) \\ é 漢字"
    for words in (Words(10, 35, text), Words(90, 35, text, ends=True, bold=True)):
        dark = np.argwhere(pixels(as_png(picture(words)))[40:].max(axis=2) < 100)
        assert len(dark) > 50
        assert dark[:, 1].min() >= 18
        assert dark[:, 1].max() <= 190
