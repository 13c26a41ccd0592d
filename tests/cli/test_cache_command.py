"""``keydiff cache``: what was read and kept, listed, shown, and emptied."""

from __future__ import annotations

import json
from pathlib import Path

from cli_helpers import fails, run, story
from pdf_files import pdf
from snapshot_commands import Keydiff

BOUNDS = ("--budget", 128, "--block", 64, "--max-tokens", 1)
QUESTION = "What is the secret password?"


def test_the_cache_is_listed_shown_and_emptied(keydiff: Keydiff, tmp_path: Path) -> None:
    listed = keydiff("cache", "list")
    assert (listed.status, listed.err) == (0, "")
    document, pages = tmp_path / "story.txt", tmp_path / "pages.pdf"
    document.write_text(story())
    pages.write_bytes(pdf(["One.", "Two."]))
    keydiff.report("--policy", "focus", *BOUNDS, document, QUESTION)
    report = keydiff.report("--policy", "keydiff", *BOUNDS, document, pages, QUESTION)
    text = keydiff("cache", "list").out
    assert "story.txt" in text
    assert "focus" in text
    entries = json.loads(keydiff("cache", "list", "--json").out)
    assert [entry["settings"]["policy"] for entry in entries] == ["keydiff", "focus"]
    assert [entry["question"] for entry in entries] == [None, QUESTION]
    assert all(entry["complete"] for entry in entries)
    shown = json.loads(keydiff("cache", "show", entries[0]["id"]).out)
    assert shown == entries[0]
    assert shown["documents"] == report["documents"]
    text_index, pdf_index = shown["documents"]
    assert (text_index["start"], text_index["page_starts"]) == (0, None)
    assert pdf_index["start"] == text_index["tokens"]
    first_page, second_page = pdf_index["page_starts"]
    assert pdf_index["start"] < first_page < second_page < shown["tokens"]
    notes = Path(shown["path"]).with_suffix(".notes")
    notes.write_bytes(b"\n{}" * 23)
    noted = json.loads(keydiff("cache", "show", entries[0]["id"]).out)
    assert noted == {**shown, "notes": 23, "size": shown["size"] + 3 * 23}
    assert " 23 " in keydiff("cache", "list").out
    removed = keydiff("cache", "remove", entries[0]["id"])
    assert removed.status == 0
    assert "removed 1" in removed.err
    assert not notes.exists()
    assert len(keydiff.snapshots()) == 1
    assert "no snapshot begins" in fails(keydiff("cache", "show", entries[0]["id"]), 2)
    assert "is no age" in fails(keydiff("cache", "prune", "--older-than", "soon"), 2)
    assert "removed 0" in keydiff("cache", "prune", "--older-than", "1d").err
    assert "removed 1" in keydiff("cache", "prune", "--max-size", "0").err
    assert keydiff.snapshots() == []


def test_a_folder_that_cannot_be_searched_is_warned_about(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    for folder in (blocked, tmp_path / ("a" * 300)):  # a file, and a name that is too long
        result = run("cache", "list", KEYDIFF_CACHE_DIR=str(folder))
        assert (result.status, len(result.warnings)) == (0, 1)
        assert "cannot be searched" in result.warnings[0]
