"""Documents that stay whole by default, and those that outgrow that."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cli_helpers import story
from snapshot_commands import Keydiff

from keydiff_cli.system import machine

QUESTION = "What is the secret password?"
SHORT = ("--max-tokens", 2)


@pytest.fixture
def keydiff(tiny_path: Path, models_folder: Path, tmp_path: Path) -> Keydiff:
    """The command with a model that takes each byte for a token."""
    return Keydiff(models_folder, tiny_path, tmp_path / "cache")


@pytest.fixture
def document(tmp_path: Path) -> Path:
    return tmp_path / "story.txt"


def read(keydiff: Keydiff, *words: object) -> dict[str, Any]:
    return dict(json.loads(keydiff("read", "--json", *words).out))


def test_a_document_that_outgrows_it_is_read_on_and_keeps_as_much(
    keydiff: Keydiff, document: Path
) -> None:
    text = story(lines=200)
    document.write_text(text[:3000])
    whole = keydiff.report(*SHORT, document, QUESTION)["tokens"]
    assert whole["kept"] == whole["document"] >= 2900
    document.write_text(text[:5000])
    grown = keydiff.report(*SHORT, document, QUESTION)["tokens"]
    assert grown["reused"] == whole["document"]
    assert grown["kept"] == 4096 < grown["document"]
    again = read(keydiff, document)["tokens"]
    assert again["reused"] == again["document"] == grown["document"]
    assert again["kept"] == 4096


def test_of_a_longer_one_less_is_kept_unless_more_was(keydiff: Keydiff, document: Path) -> None:
    document.write_text(story(lines=200)[:4500])
    for words, kept in (((), 1024), (("--budget", 2000), 2000), ((), 2000)):
        report = keydiff.report(*SHORT, *words, document, QUESTION)
        assert report["tokens"]["kept"] == kept
    assert report["tokens"]["reused"] == report["tokens"]["document"]


@pytest.mark.parametrize("first", ["ask", "read"])
def test_what_one_command_leaves_whole_under_a_cap_another_takes_up(
    keydiff: Keydiff, document: Path, monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    """They need different room beside it, and the process is not always as large."""
    monkeypatch.setattr(machine, "resident", lambda: 80_000_000)
    plan = json.loads(keydiff("plan", "--json", "--budget", 4096).out)
    cap = ("--memory", plan["planned_bytes"] + 8_000_000)
    longest = json.loads(keydiff("plan", "--json", *cap).out)["longest_whole_document"]
    assert 1024 < longest < 4096
    document.write_text(story(lines=200)[:longest])
    for size, command in ((80_000_000, first), (88_000_000, "read"), (79_000_000, "ask")):
        monkeypatch.setattr(machine, "resident", lambda size=size: size)
        words = (*cap, document)
        report = (
            read(keydiff, *words) if command == "read" else keydiff.report(*SHORT, *words, QUESTION)
        )["tokens"]
        assert report["kept"] == report["document"] > 1024
        assert report["reused"] in (0, report["document"])
    assert report["reused"] == report["document"]
    assert len(keydiff.snapshots()) == 1
