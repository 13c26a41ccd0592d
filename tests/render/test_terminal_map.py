"""A map on a terminal: as wide as it, in what it can show."""

from __future__ import annotations

import io
import re

import pytest
from made_maps import made_map

from keydiff_cli.render.terminal_map import print_map


class Terminal(io.StringIO):
    """A terminal of some encoding."""

    def __init__(self, encoding: str = "utf-8") -> None:
        super().__init__()
        self._encoding = encoding

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._encoding

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "COLORTERM", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")


def printed(file: io.StringIO, pages: int = 8, **more: object) -> list[str]:
    print_map(made_map(pages, **more), file)  # type: ignore[arg-type]
    return file.getvalue().splitlines()


def row(lines: list[str], name: str) -> str:
    (found,) = (line for line in lines if line.lstrip().startswith(f"{name} "))
    return found


def test_a_file_gets_ascii() -> None:
    lines = printed(io.StringIO(), question="Why?")
    assert "".join(lines).isascii()
    cells = "".join(8 * sign for sign in "@@%*+-: ")  # above 95 % of the cells is the darkest
    assert row(lines, "layer 2") == f"   layer 2 {cells}"
    assert row(lines, "recalled").rstrip() == "  recalled " + 8 * " " + 8 * "@"
    assert row(lines, "page").split() == ["page", *"12345678"]
    assert row(lines, "page").index("2") == 11 + 8
    assert any("0 % to " in line for line in lines)


@pytest.mark.parametrize("columns", [80, 200])
@pytest.mark.parametrize("pages", [1, 8, 100, 1000])
def test_it_is_as_wide_as_the_terminal(
    columns: int, pages: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    lines = printed(io.StringIO(), pages, question="Why?", text_parts=3)
    cells = [line for line in lines if re.match(r" *(all heads|layer \d) ", line)]
    assert len({len(line) for line in cells}) == 1
    assert columns / 2 < len(cells[0]) < columns
    assert all(len(line) <= columns for line in lines if "held least" not in line)
    assert any(line.lstrip().startswith("|") and line.count("|") == 2 for line in lines)


def test_a_terminal_gets_colours() -> None:
    lines = printed(Terminal())
    assert "\x1b[48;5;" in row([re.sub(r"^\s*layer", "layer", line) for line in lines], "layer 1")


def test_without_colours_it_gets_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    lines = printed(Terminal())
    assert "\x1b" not in "".join(lines)
    assert "█" in row(lines, "layer 2")
    lines = printed(Terminal("latin-1"))
    assert "".join(lines).isascii()


def test_what_is_read_cannot_drive_the_terminal() -> None:
    lines = printed(io.StringIO(), question="\x1b[31mred\x07?", name="a\x1b[2J.pdf", text_parts=1)
    assert "\x1b" not in "".join(lines)
    assert "Question: red?" in lines
