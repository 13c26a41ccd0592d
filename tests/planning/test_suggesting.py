"""Which models fit, planned for by their files or by their shapes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from keydiff_cli.models import catalogue
from keydiff_cli.planning.suggesting import suggest, suggest_all
from keydiff_cli.settings.config import Settings
from keydiff_cli.system import machine

SETTINGS = Settings(memory=3 * 10**9, threads=1)


@pytest.mark.model
def test_a_shape_plans_as_its_file_does(small_path: Path) -> None:
    entry = catalogue()["smollm2-135m"]
    by_file, by_shape = suggest(entry, small_path, SETTINGS), suggest(entry, None, SETTINGS)
    assert by_file.plan is not None and by_shape.plan is not None
    assert by_shape.plan.kv == by_file.plan.kv
    assert by_shape.plan.compute == pytest.approx(by_file.plan.compute, rel=0.01)
    assert by_shape.plan.total == pytest.approx(by_file.plan.total, rel=0.08)
    assert by_shape.longest_whole == by_file.longest_whole


@pytest.fixture
def small_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the process takes so far counts: that of the tests may be large."""
    monkeypatch.setattr(machine, "resident", lambda: 100 * 10**6)


@pytest.mark.usefixtures("small_process")
def test_what_fits() -> None:
    found = {item.entry.name: item for item in suggest_all({}, Settings(memory=1_200 * 10**6))}
    sizes = [item.entry.size for item in found.values()]
    assert sizes == sorted(sizes) and {"qwen3-4b", "smollm3-3b"} < set(found)
    fitting = {name for name, item in found.items() if item.plan is not None}
    assert fitting == {"smollm2-135m", "qwen2.5-coder-0.5b"}  # not 1.5b: its weights alone would
    for item in found.values():
        assert item.plan is None or item.plan.total <= 1_200 * 10**6
        assert (item.longest_whole > 0) == (item.plan is not None)


@pytest.mark.usefixtures("small_process")
def test_more_memory_leaves_more() -> None:
    entry = catalogue()["ministral-3-3b"]
    tight = suggest(entry, None, replace(SETTINGS, memory=3_200 * 10**6))
    roomy = suggest(entry, None, replace(SETTINGS, memory=8 * 10**9))
    assert tight.plan and roomy.plan and tight.plan.budget <= roomy.plan.budget
    assert 0 < tight.longest_whole < roomy.longest_whole == 4096
