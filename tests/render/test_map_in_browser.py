"""The page of a map in a real browser: it renders, answers to mouse and keys, and loads nothing."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from chromium import Page, find_chromium, open_page
from made_maps import NASTY, made_map
from numpy.typing import NDArray

from keydiff_cli.render.map_page import map_page

pytestmark = pytest.mark.browser

LEFT, TALL, RIGHT = 92, 24, 8  # as in page.js


@pytest.fixture(params=[(8, 640), (1000, 1600)], ids=["8 pages", "1000 pages"])
def page(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Page]:
    """The page of so many pages and a text, in a window of so many pixels."""
    pages, width = request.param
    drawn = made_map(pages, layers=28, question=f"Why? {NASTY}", text_parts=2)
    file = tmp_path / "map.html"
    file.write_bytes(map_page(drawn))
    assert file.stat().st_size < 5e6
    program = find_chromium()
    if program is None or sys.platform == "win32":  # where it has no pipe to speak through
        pytest.skip("no Chromium here; KEYDIFF_TEST_CHROMIUM names one")
    with open_page(program, file, tmp_path / "profile", width, 900) as page:
        yield page
        assert [each for each in page.requests if each != "data:,"] == [file.as_uri()]
        assert page.complaints == []
        assert page.run("document.title").startswith("What the cache holds of 2 documents")
        assert page.run("document.images.length") == 0


def parts(page: Page) -> int:
    return int(page.run("JSON.parse(document.getElementById('data').textContent).parts.length"))


def pixels(page: Page) -> NDArray[np.uint8]:
    from PIL import Image

    return np.asarray(Image.open(io.BytesIO(page.picture())).convert("RGB")).astype(np.uint8)


def box(page: Page) -> tuple[float, float, float, float]:
    """Left, top, width and height of the cells."""
    script = "(() => { const b = document.getElementById('map').getBoundingClientRect();"
    x, y, wide, high = page.run(f"{script} return [b.x, b.y, b.width, b.height]; }})()")
    return x + LEFT, y, wide - LEFT - RIGHT, high


def shown(page: Page, place: str) -> str:
    return str(page.run(f"document.getElementById('{place}').innerText"))


def choose(page: Page, rows: str) -> None:
    page.run(f"document.getElementById('rows').value = '{rows}'")
    page.run("document.getElementById('rows').dispatchEvent(new Event('change'))")


def keep(page: Page, name: str) -> None:
    """Write a screenshot where somebody wants to look at it."""
    if folder := os.environ.get("KEYDIFF_TEST_SCREENSHOTS"):
        Path(folder, f"{name}-{parts(page)}.png").write_bytes(page.picture())


def test_it_is_dark_where_much_is_held(page: Page) -> None:
    left, top, wide, _ = box(page)
    row = pixels(page)[int(top + TALL / 2)].astype(int).sum(axis=1)
    first, last = row[int(left) + 1], row[int(left + 0.97 * wide * (1 - 2 / parts(page)))]
    assert first < 300 < 600 < last
    keep(page, "light")


def test_pointing_tells_of_the_page(page: Page) -> None:
    left, top, wide, _ = box(page)
    page.point(left + wide * 3.5 / parts(page), top + TALL / 2)
    text = shown(page, "tip")
    assert text.startswith("report.pdf, page 4 (iv)\n")
    assert "100 tokens; a head " in text
    assert "Page 4 begins. </script><script>" in text
    keep(page, "hover")
    page.point(2, 2)
    assert page.run("document.getElementById('tip').hidden")


def test_keys_move_and_what_is_there_is_said(page: Page) -> None:
    last = parts(page)
    page.press("Tab")  # the choice of rows
    page.press("Tab")
    assert page.run("document.activeElement.id") == "map"
    page.press("ArrowRight")
    assert shown(page, "details").startswith("report.pdf, page 1\n")
    assert page.run("document.getElementById('details').getAttribute('aria-live')") == "polite"
    page.press("ArrowRight")
    page.press("ArrowDown")
    assert shown(page, "details").startswith("report.pdf, page 2\n")
    assert "layer 1 holds " in shown(page, "details")
    assert "recalled 7; read again 0; attention " in shown(page, "details")
    page.press("End")
    assert shown(page, "details").startswith("notes.txt, lines 41-80\n")
    page.press("PageUp")
    number = max(last - 10, 1)
    assert shown(page, "details").startswith(f"report.pdf, page {number}")
    keep(page, "keys")


def test_rows_can_be_those_of_heads(page: Page) -> None:
    high = box(page)[3]
    choose(page, "0")
    assert box(page)[3] < high
    page.run("document.getElementById('map').focus()")
    for key in ("ArrowRight", "ArrowDown"):
        page.press(key)
    assert "layer 1, head 1 holds " in shown(page, "details")
    choose(page, "heads")
    assert box(page)[3] > high / 2
    keep(page, "heads")


def test_in_the_dark_and_in_print(page: Page) -> None:
    page.media(dark=True)
    page.run("new Promise(requestAnimationFrame)")
    assert pixels(page)[2, 2].sum() < 150
    keep(page, "dark")
    page.media(kind="print", dark=True)
    assert pixels(page)[2, 2].sum() == 3 * 255
    assert page.run("getComputedStyle(document.querySelector('label')).display") == "none"
    row = pixels(page)[int(box(page)[1] + TALL / 2)].astype(int).sum(axis=1)
    assert row[int(box(page)[0]) + 1] < 300  # dark on white
    keep(page, "print")


def test_all_pages_are_in_a_table(page: Page) -> None:
    page.run("document.querySelector('#parts summary').click()")
    page.run("new Promise(done => setTimeout(done, 100))")
    assert page.run("document.querySelectorAll('#parts tbody tr').length") == parts(page)
    text = page.run("document.querySelector('#parts tbody tr:nth-child(2)').innerText")
    assert text.split("\t")[0] == "report.pdf, page 2"
