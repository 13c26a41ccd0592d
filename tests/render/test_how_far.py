"""How far reading is, in words."""

from __future__ import annotations

import pytest

from keydiff_cli.render.how_far import HowFar
from keydiff_cli.report import Progress
from keydiff_cli.text.progress import DocumentProgress


@pytest.mark.parametrize(
    ("unit", "done", "total", "shown"),
    [
        ("pages", 2.4, 8, "page 3 of 8"),
        ("pages", 8.0, 8, "page 8 of 8"),
        ("slides", 0.0, 5, "slide 1 of 5"),
        ("messages", 6.0, None, "message 7"),
        ("bytes", 500.0, None, "500 B"),
    ],
)
def test_how_far_it_is_in_the_unit_of_the_document(
    unit: str, done: float, total: int | None, shown: str
) -> None:
    place = DocumentProgress("a", unit, done, total)
    parts = HowFar(Progress(20, 10, 2.0, place, 1, 9), place).parts
    assert parts == [shown, "20 tokens", "5/s", "cache 1/9"]
