"""``keydiff read``: reading ahead of questions."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli_helpers import run, story
from snapshot_commands import Keydiff

from keydiff_cli.engine.views import Views
from keydiff_cli.text.checking import Checked

BOUNDS = ("--budget", 128, "--block", 64)
SHORT = (*BOUNDS, "--max-tokens", 6)
QUESTION = "What is the secret password?"


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "story.txt"
    path.write_text(story())
    return path


def test_what_was_read_ahead_answers_any_question(keydiff: Keydiff, document: Path) -> None:
    plain = keydiff.report("--policy", "keydiff-prerope", "--no-cache", *SHORT, document, QUESTION)
    ahead = keydiff("read", *BOUNDS, document)
    assert (ahead.status, ahead.out) == (0, "")
    report = json.loads(keydiff("read", "--json", *BOUNDS, document).out)
    assert report["stop_reason"] == "read"
    assert report["tokens"]["reused"] == report["tokens"]["document"]
    result = keydiff("ask", *SHORT, document, QUESTION)
    report = keydiff.report(*SHORT, document, QUESTION)
    assert report["cache"]["policy"] == "keydiff-prerope"
    assert report["tokens"]["reused"] == report["tokens"]["document"]
    assert report["answer"] == plain["answer"]
    assert result.out.strip() == plain["answer"].strip()
    focused = keydiff.report("--policy", "focus", *SHORT, document, QUESTION)
    assert focused["tokens"]["reused"] == 0
    assert len(keydiff.snapshots()) == 2


def test_notes_that_were_made_ahead_are_taken_up(
    tiny_path: Path, models_folder: Path, document: Path, tmp_path: Path
) -> None:
    """Also where questions are answered without any."""
    variables = {"KEYDIFF_CACHE": "1", "KEYDIFF_CACHE_DIR": str(tmp_path / "cache")}
    words = ("--model", tiny_path, "--threads", 1, *BOUNDS, document)
    ahead = run("read", "--notes", *words, models=models_folder, **variables, KEYDIFF_NOTES="off")
    assert (ahead.status, ahead.out) == (0, "")
    [written] = (tmp_path / "cache").glob("*.notes")
    kept = written.read_bytes()
    told = run("read", "--notes", "--json", *words, models=models_folder, **variables)
    report = json.loads(told.out)
    assert report["stop_reason"] == "read"
    assert f" {len(report['notes'])} notes, " in ahead.err
    noted = json.loads(run("notes", "--json", *words, models=models_folder, **variables).out)
    assert noted["notes"] == report["notes"]
    assert written.read_bytes() == kept, "a part was noted again"
    plain = json.loads(run("read", "--json", *words, models=models_folder, **variables).out)
    assert plain["notes"] == []


def test_notes_of_notes_are_made_ahead_too(
    keydiff: Keydiff, document: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = Checked("- It is so.", ())
    monkeypatch.setattr("keydiff_cli.reading.noting.checked", lambda text, facts: said)
    monkeypatch.setattr("keydiff_cli.reading.condensing.MANY", 2)
    document.write_text(story(lines=9))
    variables = {"KEYDIFF_ARCHIVE": "full", "KEYDIFF_SECOND_LOOK": "256"}
    assert keydiff("read", "--notes", *BOUNDS, document, **variables).status == 0
    monkeypatch.setattr(Views, "show_text", lambda *_: pytest.fail("a group is noted again"))
    report = keydiff.report(*SHORT, document, "Summarize the document.", **variables)
    assert len(report["notes"]) > 2


def test_what_cannot_be_kept_ends_a_reading_ahead(
    keydiff: Keydiff, document: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    blocked = str(tmp_path / "file" / "cache")
    result = keydiff("read", *BOUNDS, document, KEYDIFF_CACHE_DIR=blocked)
    assert result.status == 1
    assert "what was read is not kept" in result.errors[0]
    noted = keydiff("read", "--notes", "--json", *BOUNDS, document, KEYDIFF_CACHE_DIR=blocked)
    assert (noted.status, noted.out) == (1, "")
    assert noted.errors == result.errors


def test_without_a_cache_nothing_is_read_ahead(keydiff: Keydiff, document: Path) -> None:
    result = keydiff("read", *BOUNDS, document, KEYDIFF_CACHE="0")
    assert (result.status, result.out) == (2, "")
    assert "the setting 'cache' is off" in result.errors[0]
