"""What a reading begins with: a policy within reach, a plan, a cache."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from fake_model import FakeLlama, FakeModel

from keydiff_cli.cache import KVCache
from keydiff_cli.errors import ModelError
from keydiff_cli.llama import Context
from keydiff_cli.reading.reader import Reader
from keydiff_cli.report import Events, Report
from keydiff_cli.settings.config import Settings
from keydiff_cli.system import machine
from keydiff_cli.system.sizes import format_size

Read = Callable[..., Report]


def policy_of(report: Report) -> str:
    assert report.cache is not None
    return report.cache.policy


@pytest.fixture
def read(fake: FakeLlama, settings: Settings, document: Path) -> Read:
    """Read the document for a question, by a policy if one is given."""

    def read(policy: str | None = None, question: str | None = "Why?") -> Report:
        with Reader(replace(settings, policy=policy)) as reader:
            reader.read([document], question=question)
            return reader.report

    return read


def warned(report: Report, text: str) -> int:
    return len([warning for warning in report.warnings if text in warning])


@pytest.mark.parametrize(
    ("access", "planned"), [("direct", "direct"), ("copy", "direct"), ("copy", "copy")]
)
def test_memory_for_copies_that_was_not_planned_is_warned_about(
    fake: FakeLlama, read: Read, access: str, planned: str
) -> None:
    fake.footprint = replace(fake.footprint, direct=planned == "direct")
    fake.change = lambda cache: setattr(cache, "access", access)
    report = read()
    assert report.cache is not None
    assert report.cache.access == access
    copied = fake.cache.context.cells * sum(fake.cache.widths)
    assert warned(
        report, f"by copying only, which takes up to {format_size(copied)} more memory"
    ) == (access != planned)


@pytest.mark.parametrize("memory", [10**5, 10**12])
def test_a_plan_larger_than_the_machine_is_warned_about(
    read: Read, monkeypatch: pytest.MonkeyPatch, memory: int
) -> None:
    monkeypatch.setattr(machine, "usable_memory", lambda: memory)
    report = read()
    assert warned(report, "are planned, but only") == (memory == 10**5)
    if report.warnings:
        assert report.warnings[0].endswith("are free; give a smaller memory")
    assert (report.memory_bytes.planned or 0) > 10**6


@pytest.mark.parametrize("known", ["before", "after"])
def test_without_queries_a_policy_that_needs_them_is_refused(
    fake: FakeLlama, read: Read, monkeypatch: pytest.MonkeyPatch, known: str
) -> None:
    """It is known before the model is loaded, or only when the cache is there."""
    if known == "before":
        monkeypatch.setattr("keydiff_cli.reading.reading.can_observe", lambda: False)
    else:
        fake.change = lambda cache: setattr(cache, "queries_shown", False)
    with pytest.raises(ModelError, match="out of reach; use policy=keydiff-prerope"):
        read("focus")
    assert fake.loads == (known == "after")
    assert FakeModel.opened == 0
    report = read()
    assert (policy_of(report), report.warnings) == ("keydiff-prerope", ())
    assert report.tokens.kept == 256


@pytest.mark.parametrize("known", ["before", "after"])
@pytest.mark.parametrize(
    ("policy", "taken"),
    [
        (None, "keydiff"),
        ("focus", "focus:prerope=0"),
        ("keydiff-prerope", "keydiff"),
        ("keydiff", "keydiff"),
    ],
)
def test_where_the_rotation_is_not_known_keys_are_compared_as_they_are_cached(
    fake: FakeLlama,
    read: Read,
    monkeypatch: pytest.MonkeyPatch,
    policy: str | None,
    taken: str,
    known: str,
) -> None:
    report = read(policy)
    assert (policy_of(report), report.warnings) == (policy or "keydiff-prerope", ())
    if known == "before":
        place = "keydiff_cli.reading.preparation.knows_rotations"
        monkeypatch.setattr(place, lambda model, kv_type: False)
    else:
        fake.change = lambda cache: setattr(cache, "rotations_shown", False)
    report = read(policy)
    assert policy_of(report) == taken
    assert warned(report, "compared as they are cached") == (taken != policy)


def test_a_budget_for_the_full_cache_is_warned_about(read: Read, settings: Settings) -> None:
    report = read("full")
    assert report.warnings == ("the budget of 256 tokens does not apply to policy=full",)
    assert report.tokens.kept == report.tokens.document > 256


@pytest.mark.parametrize(
    ("policy", "budget", "told"),
    [
        (None, 8192, ["8192 asked for; {} are enough for this document"]),
        (None, 256, []),
        (None, None, []),
        ("full", 8192, []),
    ],
)
def test_a_budget_that_is_larger_than_the_document_is_told(
    fake: FakeLlama,
    settings: Settings,
    document: Path,
    monkeypatch: pytest.MonkeyPatch,
    policy: str | None,
    budget: int | None,
    told: list[str],
) -> None:
    notes: list[str] = []
    events = Events()
    monkeypatch.setattr(events, "note", notes.append)
    with Reader(replace(settings, policy=policy, budget=budget), events) as reader:
        reader.read([document])
        kept = reader.report.tokens.document
        assert notes == [line.format(kept) for line in told]
        reader.read([])
        assert len(notes) == len(told)


def test_the_model_is_told_apart_from_its_layers(
    read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeModel, "elsewhere", 2**16)
    model = read().model
    assert model is not None
    assert (model.name, model.architecture, model.gpu_layers) == ("fake", "fake", 2)
    assert (model.trained_context, model.sha256) == (4096, "0" * 64)


# With a model ---------------------------------------------------------------------------------


@pytest.fixture
def really_read(tiny_path: Path, tmp_path: Path) -> Read:
    document = tmp_path / "cat.txt"
    document.write_text("The cat of the harbour master is black. Its name is Pepper.\n" * 20)
    settings = Settings(
        model=str(tiny_path), budget=128, block=64, threads=2, cache=False, archive="off"
    )

    def read(policy: str | None = None) -> Report:
        with Reader(replace(settings, policy=policy)) as reader:
            reader.read([document], question="What is the name?", talk=False)
            return reader.report

    return read


def test_a_cache_that_is_copied_is_reported(
    really_read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The build shows the tensors, but their bytes are not those of the cache."""

    def copying(context: Context, **_: object) -> KVCache:
        return KVCache(context, access="copy")

    monkeypatch.setattr("keydiff_cli.engine.setup.KVCache", copying)
    report = really_read()
    assert report.cache is not None
    assert report.cache.access == "copy"
    assert warned(report, "by copying only") == 1


def test_a_build_without_nodes_of_queries_cannot_read_for_a_question(
    really_read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("keydiff_cli.llama.observer._KEYS", re.compile(rb"no such name"))
    report = really_read()
    assert policy_of(report) == "keydiff-prerope"
    assert report.tokens.kept == 128
    assert report.warnings == ()
    with pytest.raises(ModelError, match="out of reach; use policy=keydiff-prerope"):
        really_read("focus")


def test_a_build_without_nodes_of_rotations_compares_keys_as_they_are_cached(
    really_read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("keydiff_cli.llama.rope_graph._KEYS", re.compile(rb"no such name"))
    report = really_read("focus")
    assert policy_of(report) == "focus:prerope=0"
    assert warned(report, "compared as they are cached") == 1
    assert really_read("keydiff").warnings == ()
