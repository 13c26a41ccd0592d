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


def read(keydiff: Keydiff, *words: object, **more: str) -> dict[str, Any]:
    return dict(json.loads(keydiff("read", "--json", *words, **more).out))


def chat(keydiff: Keydiff, *words: object, **more: str) -> dict[str, Any]:
    asked = keydiff("chat", "--json", *SHORT, *words, stdin=QUESTION.encode(), **more)
    return dict(json.loads(asked.out))


def ask(keydiff: Keydiff, *words: object, **more: str) -> dict[str, Any]:
    return keydiff.report(*SHORT, *words, QUESTION, **more)


COMMANDS = {"ask": ask, "read": read, "chat": chat}


def test_a_document_that_outgrows_it_is_read_on_and_keeps_as_much(
    keydiff: Keydiff, document: Path
) -> None:
    text = story(lines=200)
    document.write_text(text[:3000])
    whole = ask(keydiff, document)["tokens"]
    assert whole["kept"] == whole["document"] >= 2900
    document.write_text(text[:5000])
    grown = ask(keydiff, document)["tokens"]
    assert grown["reused"] == whole["document"]
    assert grown["kept"] == whole["document"] < grown["document"]
    again = read(keydiff, document)["tokens"]
    assert again["reused"] == again["document"] == grown["document"]
    assert again["kept"] == whole["document"]


def test_what_outgrows_it_is_archived_from_the_cache_and_recalled(
    keydiff: Keydiff, document: Path
) -> None:
    """As it is by default; while it was whole there was nothing to recall, nor to look up."""
    default = {"KEYDIFF_ARCHIVE": "full", "KEYDIFF_SECOND_LOOK": "512"}
    text = story(lines=200)
    document.write_text(text[:1800])
    whole = ask(keydiff, document, **default)
    assert whole["tokens"]["kept"] == whole["tokens"]["document"] > 1024
    assert (whole["recall"]["tokens"], whole["second_look"]) == (0, [])
    assert not list(keydiff.cache.glob("*.archive"))
    document.write_text(text[:5000])
    answers = []
    for reused in (whole["tokens"]["document"], None):
        grown = ask(keydiff, document, **default)
        tokens = grown["tokens"]
        assert tokens["reused"] == (reused or tokens["document"])
        assert tokens["kept"] == whole["tokens"]["document"] < tokens["document"]
        assert grown["recall"]["tokens"] == 384
        assert grown["second_look"]
        assert grown["warnings"] == whole["warnings"]
        answers.append((grown["answer"], grown["certainty"]))
    assert answers[0] == answers[1]
    (archive,) = keydiff.cache.glob("*.archive")
    assert archive.stat().st_size > tokens["document"] * 1024  # bytes of a token


def test_of_a_longer_one_less_is_kept_unless_more_was(keydiff: Keydiff, document: Path) -> None:
    document.write_text(story(lines=200)[:4500])
    for words, kept in (((), 1024), (("--budget", 2000), 2000), ((), 2000)):
        report = ask(keydiff, *words, document)
        assert report["tokens"]["kept"] == kept
    assert report["tokens"]["reused"] == report["tokens"]["document"]


def test_what_was_evicted_is_not_taken_up_for_a_short_one(keydiff: Keydiff, document: Path) -> None:
    document.write_text(story(lines=200)[:3000])
    assert read(keydiff, "--budget", 2000, document)["tokens"]["kept"] == 2000
    tokens = ask(keydiff, document)["tokens"]
    assert (tokens["reused"], tokens["kept"]) == (0, tokens["document"])


def test_a_pyramid_takes_up_only_what_it_would_not_evict(keydiff: Keydiff, document: Path) -> None:
    document.write_text(story(lines=200)[:1000])
    assert ask(keydiff, document)["tokens"]["kept"] > 512
    pyramid = ask(keydiff, "--policy", "pyramid", document)["tokens"]
    assert pyramid["reused"] == 0
    document.write_text(story(lines=200)[:400])
    assert ask(keydiff, document)["tokens"]["reused"] == 0
    pyramid = ask(keydiff, "--policy", "pyramid", document)["tokens"]
    assert pyramid["reused"] == pyramid["document"]


@pytest.mark.parametrize("first", COMMANDS)
@pytest.mark.parametrize("long", [False, True])
def test_what_one_command_keeps_under_a_cap_another_takes_up(
    keydiff: Keydiff, document: Path, monkeypatch: pytest.MonkeyPatch, first: str, long: bool
) -> None:
    """The process is not always as large, and those that talk need more room beside it."""
    share, budget = 16_384, 400 if long else 2000
    monkeypatch.setattr(machine, "resident", lambda: 80_000_000)
    plan = json.loads(keydiff("plan", "--json", *SHORT, "--budget", budget + share).out)
    words = ("--memory", plan["planned_bytes"] + 12_000_000, document)
    document.write_text(story(lines=200)[: 3000 if long else 2000])
    kept = []
    for size, name in zip((80, 91.9, 79, 91.9), (first, *COMMANDS), strict=True):
        monkeypatch.setattr(machine, "resident", lambda size=size: int(size * 10**6))
        report = COMMANDS[name](keydiff, *words, KEYDIFF_CONVERSATION=str(share))
        tokens = report["tokens"]
        assert tokens["reused"] == (tokens["document"] if kept else 0), name
        kept.append(tokens["kept"])
    assert set(kept) == {kept[0]}
    assert budget <= kept[0] < 1024 if long else kept[0] == tokens["document"]
    assert len(keydiff.snapshots()) == 1
