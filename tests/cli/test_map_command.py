"""``keydiff map``: on the terminal, as a page and as a picture."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_helpers import Result, fails, run, story

from keydiff_cli import mapping
from keydiff_cli.reading.reader import Reader

QUESTION = "What is the secret password?"
Mapped = Callable[..., Result]


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "story.txt"
    path.write_text(story())
    return path


@pytest.fixture
def mapped(tiny_path: Path, models_folder: Path, tmp_path: Path) -> Mapped:
    """``keydiff map`` with a small budget, keeping what it reads."""
    words = ("map", "--model", tiny_path, "--threads", 1, "--budget", 128, "--block", 64)
    kept = {"KEYDIFF_CACHE": "1", "KEYDIFF_CACHE_DIR": str(tmp_path / "cache")}

    def mapped(*more: object, **options: object) -> Result:
        return run(*words, *more, models=models_folder, **kept, **options)  # type: ignore[arg-type]

    return mapped


def sought(drawn: str) -> list[str]:
    """What the rows have of what would come back, and be read again, for a question."""
    rows = [line for line in drawn.splitlines() if line.startswith(("  recalled ", "read again "))]
    return [row[11:].strip() for row in rows]


def test_it_is_drawn_on_stdout_and_what_was_read_is_taken_up(
    mapped: Mapped, document: Path
) -> None:
    plain = mapped(document)
    assert plain.status == 0
    lines = plain.out.splitlines()
    assert lines[0] == "What the cache holds of story.txt"
    assert any(line.startswith("   layer 4 ") for line in lines)
    assert "read " in plain.err
    asked = mapped(document, "--question", QUESTION)
    assert "read before: all of it" in asked.err
    assert f"Question: {QUESTION}" in asked.out
    recalled, again = sought(asked.out)
    assert recalled and again
    alone = mapped(document, "--question", QUESTION, "--no-recall", "--no-second-look")
    assert sought(alone.out) == ["", ""]


def test_it_is_written_in_the_form_of_the_name(mapped: Mapped, document: Path) -> None:
    starts = {"html": b"<!DOCTYPE html>", "svg": b"<svg ", "png": b"\x89PNG", "HTML": b"<!DOCTYPE"}
    for ending, start in starts.items():
        out = document.with_name(f"map.{ending}")
        result = mapped(document, "--out", out, "--quiet")
        assert (result.status, result.out, result.err) == (0, "", "")
        assert out.read_bytes().startswith(start)


def test_json_is_the_report(mapped: Mapped, document: Path) -> None:
    report = json.loads(mapped(document, "--json", "--question", QUESTION).out)
    assert report["stop_reason"] == "read"
    (covered,) = report["coverage"]
    assert covered["recalled"] == report["recall"]["tokens"] > 0


def test_what_cannot_be_written_is_refused_before_anything_is_read(
    mapped: Mapped, document: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Reader, "read", lambda *_, **__: pytest.fail("it was read"))
    out = document.with_suffix(".gif")
    assert fails(mapped(document, "--out", out), 2).endswith("must end in .html, .svg or .png")
    page = document.rename(document.with_suffix(".html"))
    assert "is a document; name another file" in fails(mapped(page, "--out", page), 2)
    assert page.read_text() == story()
    folder = page.parent / "folder.svg"
    folder.mkdir()
    assert "cannot be written" in fails(mapped(page, "--out", folder), 2)
    assert "it is empty" in fails(mapped(page, "--question", " "), 2)


def test_stopped_it_draws_nothing(
    mapped: Mapped, document: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(mapping, "map_of", stopped)
    out = document.with_name("map.html")
    result = mapped(document, "--out", out)
    assert (result.status, result.out) == (130, "")
    assert not out.exists()
