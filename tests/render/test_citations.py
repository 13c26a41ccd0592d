"""Links to the places that an answer rests on."""

from __future__ import annotations

from pathlib import Path

import pytest

from keydiff_cli.render.citations import link_style, link_to
from keydiff_cli.text.places import Citation


def cited(start: int, stop: int, page: int | None = 1, name: str = "a.pdf") -> Citation:
    return Citation(start, stop, name, page, "", (1, 1), "", 1.0, None)


def test_a_link_leads_to_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    files = ["-", str(tmp_path / "a b.pdf"), str(tmp_path / "x" / "c.txt"), str(tmp_path / "c.txt")]
    where = tmp_path.as_uri()
    assert link_to(cited(0, 1, 7, "a b.pdf"), files) == f"{where}/a%20b.pdf#page=7"
    assert link_to(cited(0, 1, None, f"{tmp_path.name}/c.txt"), files) == f"{where}/c.txt"
    assert link_to(cited(0, 1, None, "x/c.txt"), files) == f"{where}/x/c.txt"
    assert link_to(cited(0, 1, None, "standard input"), files) == ""
    monkeypatch.setenv("TERM", "dumb")
    assert link_to(cited(0, 1, 7, "a b.pdf"), files) == ""


def test_a_text_as_a_link() -> None:
    style = link_style("file:///a")
    assert (style.on, style.off) == ("\x1b]8;;file:///a\x1b\\", "\x1b]8;;\x1b\\")
