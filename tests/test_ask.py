"""One run in this process, where the command line cannot reach."""

from __future__ import annotations

import io
import re
from functools import partial
from pathlib import Path

import pytest
from engine_helpers import ACCESSES

from keydiff_cli import ask as asking
from keydiff_cli.cache import KVCache
from keydiff_cli.errors import ModelError
from keydiff_cli.llama import Tokens
from keydiff_cli.report import Report
from keydiff_cli.settings.config import Settings
from keydiff_cli.system import machine

pytestmark = pytest.mark.model


def ask(model: Path, folder: Path, policy: str | None = None, times: int = 1) -> Report:
    document = folder / "cat.txt"
    document.write_text("The cat of the harbour master is black. Its name is Pepper.\n" * times)
    settings = Settings(
        model=str(model), budget=128, block=64, max_tokens=2, policy=policy, cache=False
    )
    return asking.ask(settings, [str(document)], "What is the name?", io.BytesIO())


@pytest.mark.parametrize("access", ACCESSES)
def test_memory_for_copies_that_was_not_planned_is_warned_about(
    access: str, small_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the build shows the tensors, but their bytes are not those of the cache."""
    monkeypatch.setattr("keydiff_cli.reading.preparation.KVCache", partial(KVCache, access=access))
    report = ask(small_path, tmp_path)
    assert report.cache["access"] == access
    warned = [text for text in report.warnings if "by copying only" in text]
    assert len(warned) == (access == "copy")


@pytest.mark.parametrize("hidden", ["functions", "nodes"])
def test_a_build_without_queries_is_read_by_keys_alone(
    hidden: str, small_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if hidden == "functions":
        monkeypatch.setattr("keydiff_cli.reading.preparation.can_observe", lambda: False)
    else:
        monkeypatch.setattr("keydiff_cli.llama.observer._KEYS", re.compile(rb"no such name"))
    report = ask(small_path, tmp_path, times=40)
    assert report.cache["policy"] == "keydiff-prerope"
    assert report.tokens["kept"] == 128
    assert len([text for text in report.warnings if "read by keydiff-prerope," in text]) == 1
    with pytest.raises(ModelError, match="out of reach; use --policy keydiff-prerope"):
        ask(small_path, tmp_path, "focus", times=40)


@pytest.mark.parametrize(
    ("policy", "taken"),
    [(None, "focus:prerope=0"), ("focus", "focus:prerope=0"), ("keydiff-prerope", "keydiff")],
)
def test_where_the_rotation_is_not_known_keys_are_compared_as_they_are_cached(
    policy: str | None,
    taken: str,
    small_path: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def read(policy: str | None) -> tuple[str, int]:
        report = ask(small_path, tmp_path, policy, times=40)
        told = [text for text in report.warnings if "compared as they are cached" in text]
        return report.cache["policy"], len(told)

    assert read(policy) == (policy or "focus", 0)
    monkeypatch.setattr("keydiff_cli.llama.rope_graph._KEYS", re.compile(rb"no such name"))
    assert read(policy) == (taken, 1)
    assert read("keydiff") == ("keydiff", 0)


def test_of_a_long_question_the_end_is_run(
    small_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[list[int]] = []
    look = KVCache.look

    def noted(cache: KVCache, tokens: Tokens, lead: int = 0) -> None:
        looks.append([lead, *tokens.tolist()])
        look(cache, tokens, lead)

    monkeypatch.setattr(KVCache, "look", noted)
    document = tmp_path / "cat.txt"
    document.write_text("The cat of the harbour master is black. Its name is Pepper.\n" * 30)
    settings = Settings(model=str(small_path), budget=256, block=64, max_tokens=2, cache=False)
    found = []
    for length in (1, 12):
        question = "Is any of this said of a dog, a horse or a cow? " * length + "Which?"
        looks.clear()
        report = asking.ask(settings, [str(document)], question, io.BytesIO())
        _, *runs = looks  # the first is one that tries whether there are queries
        assert len(runs) == -(-(report.tokens["document"] - 256) // 64)
        assert all(run == runs[0] for run in runs)
        found.append(runs[0])
    (lead, *short), (same, *cut) = found
    assert lead == same > 1
    assert len(short) < 64 == len(cut)
    assert cut[:lead] == short[:lead]
    assert cut[lead - 64 :][-12:] == short[-12:]


@pytest.mark.parametrize("memory", [10**8, 10**12])
def test_a_plan_larger_than_the_machine_is_warned_about(
    memory: int, small_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "usable_memory", lambda: memory)
    warned = [text for text in ask(small_path, tmp_path).warnings if "are planned" in text]
    assert len(warned) == (memory == 10**8)
