"""What a recorder is told becomes a report, and goes to the front end."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from report_helpers import CACHE, MODEL

from keydiff_cli.cache import EvictionTimes
from keydiff_cli.errors import setting
from keydiff_cli.reading.recorder import Recorder
from keydiff_cli.render.flags import as_flag
from keydiff_cli.report import (
    CacheSetup,
    Events,
    MemoryUse,
    ModelIdentity,
    Progress,
    Report,
    Timing,
    TokenCounts,
)
from keydiff_cli.system import machine
from keydiff_cli.text.records import DocumentRecord


class Told(Events):
    """Every call, in order."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []

    def write_setting(self, name: str, value: str | None) -> str:
        return as_flag(name, value)

    def note(self, text: str) -> None:
        self.calls.append(("note", text))

    def warning(self, text: str) -> None:
        self.calls.append(("warning", text))

    def started(self, model: ModelIdentity, cache: CacheSetup, memory: MemoryUse) -> None:
        self.calls.append(("started", model, cache, memory))

    def reading(self, progress: Progress) -> None:
        self.calls.append(("reading", progress))

    def reading_over(self) -> None:
        self.calls.append(("reading_over",))

    def text(self, text: str) -> None:
        self.calls.append(("text", text))


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def recorder(told: Told) -> Recorder:
    return Recorder(told)


def corpus(*records: DocumentRecord, warnings: tuple[str, ...] = ()) -> Any:
    return SimpleNamespace(documents=list(records), warnings=list(warnings))


def answer(tokens: int, stop_reason: str, certainty: float = 0.5) -> Any:
    return SimpleNamespace(
        tokens=[1] * tokens, stop_reason=stop_reason, certainty=certainty, thinking="Hm."
    )


def test_a_note_may_be_told_once(recorder: Recorder, told: Told) -> None:
    for _ in range(2):
        recorder.note("policy changed", once=True)
        recorder.note("read before")
    said = ["policy changed", "read before", "read before"]
    assert told.calls == [("note", text) for text in said]


def test_before_anything_happens_there_is_a_report(recorder: Recorder) -> None:
    assert recorder.report == Report()


def test_a_whole_run_is_reported(told: Told) -> None:
    recorder = Recorder(told, 5000)
    record = DocumentRecord("a.pdf", "PDF", 2, 0, [0, 9], 80, 20, "ab")
    recorder.model_known(MODEL)
    recorder.prompt_made(10)
    recorder.documents_opened(corpus(record, warnings=("page 2 has no text",)))
    recorder.memory_planned(4000)
    recorder.engine_loaded(1.0)
    recorder.engine_loaded(0.5)
    recorder.cache_opened(CACHE)
    recorder.snapshot_loaded(8, 7, 0.25)
    recorder.note("read before")
    recorder.reading_began()
    progress = Progress(20, 12, 1.5, None, 15, 128)
    recorder.block_read(progress)
    recorder.reading_ended(2.0, 0.125, EvictionTimes(0.5, 0.75))
    recorder.documents_read(2)
    assert recorder.report.stop_reason == "read"
    recorder.question_asked(30)
    assert recorder.report.stop_reason == "interrupted"
    recorder.text_generated("Two ", 0.0625)
    recorder.text_generated("boats.", 3.0)
    recorder.answer_ended(answer(3, "eos", 0.123456), 4.0, EvictionTimes(1.5, 1.75))
    recorder.run_ended(9.123456)
    report = recorder.report
    assert report == Report(
        answer="Two boats.",
        thinking="Hm.",
        stop_reason="eos",
        certainty=0.123456,
        model=MODEL,
        documents=(record,),
        cache=CACHE,
        tokens=TokenCounts(document=20, reused=8, prompt=30, kept=15, generated=3, compactions=2),
        timing_s=Timing(1.5, 2.25, 1.5, 1.75, 0.125, 0.0625, 4.0, 0.0, 9.123456),
        memory_bytes=MemoryUse(5000, 4000, None),
        warnings=("page 2 has no text",),
    )
    assert told.calls == [
        ("note", "read before"),
        ("started", MODEL, CACHE, MemoryUse(5000, 4000, None)),
        ("reading", progress),
        ("reading_over",),
        ("warning", "page 2 has no text"),
        ("text", "Two "),
        ("text", "boats."),
    ]


def test_a_second_question_begins_anew(recorder: Recorder) -> None:
    recorder.question_asked(30)
    recorder.text_generated("Two.", 1.0)
    recorder.answer_ended(answer(2, "eos"), 2.0, EvictionTimes())
    recorder.question_asked(31)
    report = recorder.report
    assert (report.answer, report.stop_reason) == ("", "interrupted")
    assert (report.timing_s.first_token, report.tokens.prompt) == (0.0, 31)
    recorder.interrupted()
    assert recorder.report.stop_reason == "interrupted"


def test_a_report_stays_as_it_was_while_reading_goes_on(recorder: Recorder) -> None:
    record = DocumentRecord("a.pdf", "PDF", 2, 0, [0])
    recorder.documents_opened(corpus(record))
    before = recorder.report
    assert record.page_starts is not None
    record.page_starts.append(9)
    record.tokens = 20
    recorder.warn("late")
    recorder.block_read(Progress(20, 20, 1.0, None, 20, 128))
    assert before.documents == (DocumentRecord("a.pdf", "PDF", 2, 0, [0]),)
    assert before.warnings == ()
    assert before.tokens == TokenCounts()
    assert recorder.report.documents == (DocumentRecord("a.pdf", "PDF", 2, 0, [0, 9], 0, 20),)


def test_messages_name_settings_as_the_front_end_does(recorder: Recorder, told: Told) -> None:
    recorder.warn(f"use {setting('policy', 'full')}")
    recorder.note(f"or {setting('kv_type')}")
    assert told.calls == [("warning", "use --policy full"), ("note", "or --kv-type")]
    assert recorder.report.warnings == ("use --policy full",)
    plain = Recorder(Events())
    plain.warn(f"use {setting('policy', 'full')}")
    assert plain.report.warnings == ("use policy=full",)
    recorder.forget_warnings()
    assert recorder.report.warnings == ()


def test_the_same_warning_is_told_once_unless_it_is_of_an_answer(
    recorder: Recorder, told: Told
) -> None:
    for _ in range(2):
        recorder.warn("nothing is noted of page 2")
        recorder.warn_of_answer("the answer stopped")
        assert recorder.report.warnings == ("nothing is noted of page 2", "the answer stopped")
        recorder.forget_warnings()
    texts = [text for _, text in told.calls]
    assert texts == ["nothing is noted of page 2", "the answer stopped", "the answer stopped"]


def test_interrupted_the_display_is_told_and_what_is_known_stays(
    recorder: Recorder, told: Told
) -> None:
    recorder.documents_read(2)
    recorder.interrupted()
    assert recorder.report.stop_reason == "interrupted"
    assert told.calls == [("reading_over",)]
    recorder.reading_began()  # without a model and a cache there is nothing to tell
    assert told.calls == [("reading_over",)]


@pytest.mark.parametrize(
    ("cap", "peaks", "warned"),
    [(None, [10, 20], 0), (15, [10, 12], 0), (15, [15], 0), (15, [10, 20, 30], 1), (5, [10], 1)],
)
def test_a_peak_above_the_cap_is_told_once(
    told: Told, monkeypatch: pytest.MonkeyPatch, cap: int | None, peaks: list[int], warned: int
) -> None:
    recorder = Recorder(told, None if cap is None else cap * 10**6)
    recorder.memory_planned(4)
    for peak in peaks:
        monkeypatch.setattr(machine, "peak", lambda peak=peak: peak * 10**6)
        recorder.measure_peak()
    assert recorder.report.memory_bytes.peak == peaks[-1] * 10**6
    texts = [text for kind, text in told.calls if "passed the cap of" in text]
    assert len(texts) == len(recorder.report.warnings) == warned


def test_a_cap_is_known_before_there_is_a_plan(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is too small for the library alone is told of, whatever else goes wrong."""
    monkeypatch.setattr(machine, "peak", lambda: 2 * 10**6)
    recorder = Recorder(told, 10**6)
    recorder.measure_peak()
    assert len([text for kind, text in told.calls if "passed the cap of 1.00 MB" in text]) == 1
    assert recorder.report.memory_bytes.cap is None
