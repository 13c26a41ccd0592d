"""Asking once: an answer and a report, also where it is stopped; and a plan without reading."""

from __future__ import annotations

import io
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fake_model import FakeLlama, FakeModel
from fake_readings import document, fake, settings

from keydiff_cli import ask as asking
from keydiff_cli.errors import DocumentError, KeydiffError, MemoryCapError, UsageError
from keydiff_cli.reading.reader import Reader
from keydiff_cli.report import Events, Report
from keydiff_cli.settings.config import Settings
from keydiff_cli.system import machine

__all__ = ["document", "fake", "settings"]  # fixtures

BUDGET = 256


class Told(Events):
    """What a front end is told."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.over = 0

    def text(self, text: str) -> None:
        self.texts.append(text)

    def reading_over(self) -> None:
        self.over += 1


def ask(
    settings: Settings, document: Path, question: str | None = "Why?", told: Told | None = None
) -> Report:
    return asking.ask(settings, [str(document)], question, io.BytesIO(), told)


def test_a_question_is_answered_and_reported(
    fake: FakeLlama, settings: Settings, document: Path
) -> None:
    told, resident = Told(), machine.resident()
    report = ask(settings, document, told=told)
    assert report.answer == "".join(told.texts) == "Why?"
    assert report.stop_reason == "eos"
    assert report.cache is not None
    assert report.cache.policy == "keydiff-prerope"
    assert report.tokens.kept == BUDGET
    times = report.timing_s
    assert times.load + times.ingest + times.answer <= times.total
    peak = report.memory_bytes.peak or 0
    assert resident <= peak <= machine.physical_memory()
    assert FakeModel.opened == 0
    assert all(cache.context.closed for cache in fake.caches)


def test_it_comes_from_standard_input(fake: FakeLlama, settings: Settings) -> None:
    report = asking.ask(settings, ["-"], "Why?", io.BytesIO(b"The harbour is old."))
    assert report.answer == "Why?"
    assert "The harbour is old." in fake.cache.text()


@pytest.mark.parametrize(("place", "answer"), [("read", ""), ("answer", "W")])
def test_stopped_there_is_a_report_of_what_there_is(
    fake: FakeLlama,
    settings: Settings,
    document: Path,
    monkeypatch: pytest.MonkeyPatch,
    place: str,
    answer: str,
) -> None:
    told = Told()

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    if place == "read":
        fake.change = interrupt
    else:
        monkeypatch.setattr(told, "text", interrupt)
    monkeypatch.setattr(machine, "peak", lambda: 10**6 + told.over)
    report = ask(settings, document, told=told)
    assert (report.stop_reason, report.answer) == ("interrupted", answer)
    assert report.tokens.document == (0 if place == "read" else report.documents[0].tokens)
    assert report.documents[0].name == "story.txt"
    assert report.timing_s.total > 0
    assert told.over >= 1
    assert report.memory_bytes.peak == 10**6 + told.over  # of the whole run
    assert FakeModel.opened == 0


def test_of_a_cap_that_is_refused_there_is_no_warning(
    settings: Settings, document: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    events = Events()
    monkeypatch.setattr(events, "warning", told.append)
    with closing(Reader(replace(settings, memory=10**6), events)) as reader:
        with pytest.raises(MemoryCapError), asking.run_to_its_end(reader):
            raise MemoryCapError("too small")
        assert told == []
        with asking.run_to_its_end(reader):
            pass
        assert len(told) == 1 and "passed the cap" in told[0]


def test_reading_ahead_makes_sure_that_it_is_kept(
    fake: FakeLlama, settings: Settings, document: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full:
        seconds, problem, snapshot = 0.0, "No space left on device", ""

        def __init__(self, *_: object, **__: object) -> None: ...

        def after(self, *_: object) -> None: ...

        def finish(self, *_: object) -> None: ...

        def close(self) -> None: ...

    report = ask(settings, document, None)
    assert (report.stop_reason, report.answer) == ("read", "")
    assert report.cache is not None
    assert report.cache.policy == "keydiff-prerope"
    monkeypatch.setattr("keydiff_cli.reading.by_blocks.Keeper", Full)
    with pytest.raises(KeydiffError, match="what was read is not kept: No space left on device"):
        ask(settings, document, None)
    assert ask(settings, document).answer == "Why?"  # a question needs no snapshot

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Full, "finish", interrupt)
    assert ask(settings, document, None).stop_reason == "interrupted"


def test_what_stands_in_the_way_is_raised(
    fake: FakeLlama, settings: Settings, document: Path, tmp_path: Path
) -> None:
    with pytest.raises(DocumentError):
        ask(settings, tmp_path / "missing")
    with pytest.raises(UsageError, match=r"standard input \(-\) can be read only once"):
        asking.ask(settings, ["-", "-"], "Why?", io.BytesIO())
    assert FakeModel.opened == 0


# Planning -------------------------------------------------------------------------------------


def plan(settings: Settings) -> dict[str, Any]:
    return asking.sketch_plan(settings, Events())


def test_a_plan_is_made_without_loading_anything(fake: FakeLlama, settings: Settings) -> None:
    shown = plan(settings)
    assert (shown["model"], shown["policy"], shown["kv_type"]) == ("fake", "keydiff-prerope", "f16")
    assert (shown["budget"], shown["block"], shown["cap_bytes"]) == (BUDGET, 64, None)
    assert shown["longest_whole_document"] == BUDGET, "more is evicted, since that was asked for"
    assert shown["trained_context"] == 4096
    parts = ("weights_bytes", "kv_bytes", "compute_bytes", "other_bytes")
    assert shown["planned_bytes"] == sum(shown[name] for name in parts)
    assert shown["cells"] >= BUDGET + 64 + 256
    assert (fake.sketches, fake.loads, fake.caches) == (1, 0, [])
    assert FakeModel.opened == 0
    assert plan(replace(settings, budget=None))["longest_whole_document"] == 4096


@pytest.mark.parametrize(("policy", "more"), [(None, 1024), ("focus", 1024), ("full", 0)])
def test_the_plan_has_cells_for_passages_unless_all_is_kept(
    fake: FakeLlama, settings: Settings, policy: str | None, more: int
) -> None:
    without, looking = (
        plan(replace(settings, policy=policy, second_look=tokens))["cells"] for tokens in (0, 1024)
    )
    assert looking - without == more


@pytest.mark.parametrize(
    ("policy", "rotating", "planned"),
    [
        (None, True, "keydiff-prerope"),
        (None, False, "keydiff"),
        ("focus", True, "focus"),
        ("focus", False, "focus:prerope=0"),
        ("window", False, "window"),
        ("full", True, "full"),
    ],
)
def test_the_plan_is_for_the_policy_within_reach(
    fake: FakeLlama,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    policy: str | None,
    rotating: bool,
    planned: str,
) -> None:
    monkeypatch.setattr(
        "keydiff_cli.reading.preparation.knows_rotations", lambda model, kv_type: rotating
    )
    assert plan(replace(settings, policy=policy))["policy"] == planned
