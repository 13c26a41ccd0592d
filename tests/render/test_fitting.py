"""Lines of progress that fit into a terminal."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from rich.progress import Progress, TimeRemainingColumn

from keydiff_cli.render.fitting import FittedColumn, fitted, shortened

PARTS = ("page 3 of 8", "640 tokens", "9 tokens/s")


@pytest.mark.parametrize(
    ("text", "columns", "short"),
    [
        ("report.pdf", 10, "report.pdf"),
        ("report-of-1903.pdf", 11, "repor…3.pdf"),
        ("日本語の報告.pdf", 10, "日本….pdf"),
        ("abc", 1, "…"),
    ],
)
def test_the_middle_of_a_name_is_left_out(text: str, columns: int, short: str) -> None:
    assert shortened(text, columns) == short


@pytest.mark.parametrize(
    ("columns", "line"),
    [
        (70, "reading the-report-of-1903.pdf page 3 of 8, 640 tokens, 9 tokens/s"),
        (60, "reading the…-of-1903.pdf page 3 of 8, 640 tokens, 9 tokens/s"),
        (50, "reading the-…t-of-1903.pdf page 3 of 8, 640 tokens"),
        (32, "reading t…f-1903.pdf page 3 of 8"),
        (9, "reading …-1903.pdf page 3 of 8"),
    ],
)
def test_a_name_is_shortened_before_parts_are_left_out(columns: int, line: str) -> None:
    assert fitted("reading the-report-of-1903.pdf", PARTS, columns, ", ") == line
    assert fitted("reading", (), 20, ", ") == "reading"


@pytest.mark.parametrize("columns", [60, 80])
def test_the_remaining_time_stays(columns: int) -> None:
    console = Console(file=io.StringIO(), width=columns, force_terminal=True)
    bar = Progress(FittedColumn(0, console), TimeRemainingColumn(compact=True), console=console)
    name = "reading the-long-name-of-a-report-on-the-harbour-of-1903.pdf"
    bar.add_task(name, total=100, status="page 3 of 8")
    with console.capture() as capture:
        console.print(bar)
    (line,) = capture.get().splitlines()
    assert "…" in line
    assert "page 3 of 8" in line
    assert "--:--" in line
