"""One run in this process, where the command line cannot reach."""

from __future__ import annotations

import io
import re
from functools import partial
from pathlib import Path

import pytest

from keydiff_cli import machine
from keydiff_cli.ask import Run
from keydiff_cli.cache import KVCache
from keydiff_cli.config import Settings
from keydiff_cli.errors import ModelError
from keydiff_cli.eviction import Policy
from keydiff_cli.llama import Tokens
from keydiff_cli.report import Report

pytestmark = pytest.mark.model


def ask(model: Path, folder: Path, policy: str | None = None, times: int = 1) -> Report:
    document = folder / "cat.txt"
    document.write_text("The cat of the harbour master is black. Its name is Pepper.\n" * times)
    settings = Settings(model=str(model), budget=128, block=64, max_tokens=2, policy=policy)
    return Run(settings).ask([str(document)], "What is the name?", io.BytesIO())


@pytest.mark.parametrize("access", ["direct", "copy"])
def test_memory_for_copies_that_was_not_planned_is_warned_about(
    access: str, small_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the build shows the tensors, but their bytes are not those of the cache."""
    monkeypatch.setattr("keydiff_cli.ask.KVCache", partial(KVCache, access=access))
    report = ask(small_path, tmp_path)
    assert report.cache["access"] == access
    warned = [text for text in report.warnings if "by copying only" in text]
    assert len(warned) == (access == "copy")


@pytest.mark.parametrize("hidden", ["functions", "nodes"])
def test_a_build_without_queries_is_read_by_keydiff(
    hidden: str, small_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if hidden == "functions":
        monkeypatch.setattr("keydiff_cli.ask.can_observe", lambda: False)
    else:
        monkeypatch.setattr("keydiff_cli.llama.observer._KEYS", re.compile(rb"no such name"))
    report = ask(small_path, tmp_path, times=40)
    assert report.cache["policy"] == "keydiff"
    assert report.tokens["kept"] == 128
    assert len([text for text in report.warnings if "read by keydiff" in text]) == 1
    with pytest.raises(ModelError, match="out of reach; use --policy keydiff"):
        ask(small_path, tmp_path, "focus", times=40)


def test_a_long_question_is_run_less_often_than_blocks_are_read(
    small_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[int] = []
    evictions: list[int] = []
    look, evict = KVCache.look, KVCache.evict

    def counted(cache: KVCache, tokens: Tokens, lead: int = 0) -> None:
        looks.append(len(tokens))
        look(cache, tokens, lead)

    def evicted(cache: KVCache, keep: int, policy: Policy) -> None:
        evictions.append(keep)
        evict(cache, keep, policy)

    monkeypatch.setattr(KVCache, "look", counted)
    monkeypatch.setattr(KVCache, "evict", evicted)
    document = tmp_path / "cat.txt"
    document.write_text("The cat of the harbour master is black. Its name is Pepper.\n" * 60)
    question = "Is any of this said of a dog, a horse or a cow? " * 12 + "What is the cat's name?"
    settings = Settings(model=str(small_path), budget=256, block=64, max_tokens=2)
    report = Run(settings).ask([str(document)], question, io.BytesIO())
    asked = max(looks)
    assert asked > 128
    read = report.tokens["document"] - 256
    assert 1 <= looks.count(asked) <= read // asked + 1
    assert len(evictions) >= 2 * looks.count(asked)


@pytest.mark.parametrize("memory", [10**8, 10**12])
def test_a_plan_larger_than_the_machine_is_warned_about(
    memory: int, small_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "usable_memory", lambda: memory)
    warned = [text for text in ask(small_path, tmp_path).warnings if "are planned" in text]
    assert len(warned) == (memory == 10**8)
