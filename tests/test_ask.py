"""One run in this process, where the command line cannot reach."""

from __future__ import annotations

import io
from functools import partial
from pathlib import Path

import pytest

from keydiff_cli import machine
from keydiff_cli.ask import Run
from keydiff_cli.cache import KVCache
from keydiff_cli.config import Settings
from keydiff_cli.report import Report

pytestmark = pytest.mark.model


def ask(model: Path, folder: Path) -> Report:
    document = folder / "cat.txt"
    document.write_text("The cat of the harbour master is black. Its name is Pepper.\n")
    settings = Settings(model=str(model), budget=128, block=64, max_tokens=2)
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


@pytest.mark.parametrize("memory", [10**8, 10**12])
def test_a_plan_larger_than_the_machine_is_warned_about(
    memory: int, small_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "usable_memory", lambda: memory)
    warned = [text for text in ask(small_path, tmp_path).warnings if "are planned" in text]
    assert len(warned) == (memory == 10**8)
