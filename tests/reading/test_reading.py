"""One reading: block by block, for a question or for none, stopped at any stage."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli_helpers import story
from fake_model import FakeLlama, FakeModel
from scripted_cache import FakeCache

from keydiff_cli.documents import Document
from keydiff_cli.reading.reader import Reader
from keydiff_cli.report import CacheSetup, Events, MemoryUse, ModelIdentity, Progress, Report
from keydiff_cli.settings.config import Settings


class Told(Events):
    """What a front end is told of a reading."""

    def __init__(self) -> None:
        self.progress: list[Progress] = []
        self.order: list[str] = []

    def started(self, model: ModelIdentity, cache: CacheSetup, memory: MemoryUse) -> None:
        self.order.append("started")

    def reading(self, progress: Progress) -> None:
        self.progress.append(progress)
        self.order.append("reading")

    def reading_over(self) -> None:
        self.order.append("over")

    def warning(self, text: str) -> None:
        self.order.append(text)


def test_documents_are_read_block_by_block_within_their_budget(
    fake: FakeLlama, settings: Settings, document: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.txt"
    other.write_text("The end.")
    told = Told()
    with Reader(settings, told) as reader:
        reader.read([document, other])
        total, report = reader.corpus.tokens, reader.report
    head = fake.cache.pinned[0].rows - report.tokens.kept
    assert sum(fake.cache.batches) == head + total
    assert max(fake.cache.batches) == 64
    stops = [*range(64, total, 64), total]
    assert [progress.tokens for progress in told.progress] == stops
    assert [progress.fresh for progress in told.progress] == stops
    assert [progress.cells for progress in told.progress] == [min(stop, 256) for stop in stops]
    assert {progress.budget for progress in told.progress} == {256}
    seconds = [progress.seconds for progress in told.progress]
    assert seconds == sorted(seconds)
    places = [progress.place.name for progress in told.progress if progress.place is not None]
    assert places[0] == "story.txt"
    assert places[-1] == "other.txt"
    assert told.order == ["started", *["reading"] * len(stops), "over"]
    assert [record.name for record in report.documents] == ["story.txt", "other.txt"]
    assert sum(record.tokens for record in report.documents) == report.tokens.document == total
    assert (report.tokens.reused, report.tokens.kept) == (0, 256)
    assert report.timing_s.ingest > 0
    assert report.timing_s.score == fake.cache.times.score > 0
    assert fake.sketches == fake.loads == 1


def test_a_document_within_the_budget_stays_whole(
    fake: FakeLlama, settings: Settings, document: Path
) -> None:
    with Reader(replace(settings, budget=4000)) as reader:
        reader.read([document])
        assert reader.held.intact
        assert reader.report.tokens.kept == reader.report.tokens.document
        assert reader.report.cache is not None
        assert reader.report.cache.budget == reader.report.tokens.document  # no more than that


def test_without_documents_there_is_the_head(fake: FakeLlama, settings: Settings) -> None:
    told = Told()
    with Reader(settings, told) as reader:
        reader.read([])
        assert reader.report.tokens.document == reader.report.tokens.kept == 0
        assert reader.report.stop_reason == "read"
    assert fake.cache.text().endswith("<|user|>")
    assert told.order == ["started", "over"]


def test_of_a_long_question_the_lead_and_the_end_are_run(
    fake: FakeLlama, settings: Settings, document: Path
) -> None:
    """They run after each block that evicts: a long question takes no more time than reading."""
    seen = []
    for length in (1, 12):
        question = "Is any of this said of a dog, a cow? " * length + "Which?"
        with Reader(replace(settings, policy="focus")) as reader:
            reader.read([document], question=question)
            report = reader.report
        runs = fake.cache.looks
        assert len(runs) == -(-(report.tokens.document - 256) // 64)
        assert all(run == runs[0] for run in runs)
        seen.append(runs[0])
    (short, lead), (cut, same) = seen
    assert lead == same == len("\n\nQuestion: ")
    assert len(short) < 64 == len(cut)
    assert cut[:lead] == short[:lead]
    assert cut[-12:] == short[-12:]


def test_what_could_not_be_read_is_told_when_reading_is_over(
    fake: FakeLlama, settings: Settings, document: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Document, "warnings", ["page 2 has no text"], raising=False)
    real = Document.__init__

    def init(self: Document, *words: Any, **options: Any) -> None:
        real(self, *words, **options)
        self.warnings.append("page 2 has no text")

    monkeypatch.setattr(Document, "__init__", init)
    told = Told()
    with Reader(settings, told) as reader:
        reader.read([document])
        assert reader.report.warnings == ("page 2 has no text",)
    assert told.order[-2:] == ["over", "page 2 has no text"]


# Stopped --------------------------------------------------------------------------------------


def interrupt(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def at_call(number: int, real: Callable[..., Any]) -> Callable[..., Any]:
    """A function that is interrupted after it was called so many times."""
    left = number

    def call(*words: Any, **options: Any) -> Any:
        nonlocal left
        left -= 1
        result = real(*words, **options)
        if left == 0:
            raise KeyboardInterrupt
        return result

    return call


class FakeKeeper:
    """Keeps nothing, and may be interrupted while it does."""

    seconds, problem, snapshot = 0.5, "", ""
    closed = 0

    def __init__(self, *_: object, **__: object) -> None: ...

    def after(self, tokens: int, cache: object) -> None: ...

    def finish(self, tokens: int, cache: object) -> None: ...

    def stop(self, tokens: int, cache: object) -> None: ...

    def close(self) -> None:
        FakeKeeper.closed += 1


Stop = Callable[[pytest.MonkeyPatch, FakeLlama], None]


def before_the_model(patch: pytest.MonkeyPatch, fake: FakeLlama) -> None:
    patch.setattr("keydiff_cli.reading.keeping.Model", interrupt)


def while_planning(patch: pytest.MonkeyPatch, fake: FakeLlama) -> None:
    from keydiff_cli.planning.planner import Planner

    patch.setattr(Planner, "fit", at_call(1, Planner.fit))


def while_loading(patch: pytest.MonkeyPatch, fake: FakeLlama) -> None:
    patch.setattr("keydiff_cli.reading.reading.load_model", interrupt)


def while_opening(patch: pytest.MonkeyPatch, fake: FakeLlama) -> None:
    patch.setattr("keydiff_cli.reading.preparation.open_engine", interrupt)


def in_the_second_block(patch: pytest.MonkeyPatch, fake: FakeLlama) -> None:
    def change(cache: FakeCache) -> None:
        cache.append = at_call(4, cache.append)  # type: ignore[method-assign]

    fake.change = change


def while_keeping(patch: pytest.MonkeyPatch, fake: FakeLlama) -> None:
    patch.setattr(FakeKeeper, "after", at_call(3, FakeKeeper.after))


def while_keeping_the_whole(patch: pytest.MonkeyPatch, fake: FakeLlama) -> None:
    patch.setattr(FakeKeeper, "finish", interrupt)


@pytest.mark.parametrize(
    ("stop", "known", "tokens"),
    [
        (before_the_model, "nothing", 0),
        (while_planning, "documents", 0),
        (while_loading, "plan", 0),
        (while_opening, "plan", 0),
        (in_the_second_block, "cache", 64),  # after the two batches of the head
        (while_keeping, "cache", 192),
        (while_keeping_the_whole, "cache", None),
    ],
)
def test_stopped_at_any_stage_the_report_says_what_was_known(
    fake: FakeLlama,
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    stop: Stop,
    known: str,
    tokens: int | None,
) -> None:
    monkeypatch.setattr("keydiff_cli.reading.by_blocks.Keeper", FakeKeeper)
    monkeypatch.setattr(FakeKeeper, "closed", 0)
    text = story(lines=300)  # longer than what is read to make a plan
    (tmp_path / "long.txt").write_text(text)
    (tmp_path / "next.txt").write_text("The end.")
    stop(monkeypatch, fake)
    told = Told()
    reader = Reader(settings, told)
    with pytest.raises(KeyboardInterrupt):
        reader.read([tmp_path / "long.txt", tmp_path / "next.txt"])
    reader.recorder.interrupted()
    report = reader.report
    assert report.stop_reason == "interrupted"
    assert (report.model is not None) == (report.tokens.prompt > 0) == (known != "nothing")
    assert (report.memory_bytes.planned is not None) == (known in ("plan", "cache"))
    assert (report.cache is not None) == (known == "cache")
    names = [record.name for record in report.documents]
    if tokens is None:
        assert names == ["long.txt", "next.txt"]
        assert report.tokens.document == sum(record.tokens for record in report.documents)
        assert report.documents[0].tokens > len(text)
    else:
        assert names == ([] if known == "nothing" else ["long.txt"])
        assert report.tokens.document == tokens
        assert all(record.tokens >= 256 for record in report.documents)
    if known == "cache":
        assert report.tokens.kept == min(report.tokens.document, 256)
        assert report.timing_s.ingest > 0
        assert report.timing_s.keep == 0.5
    assert FakeKeeper.closed == (known == "cache")  # others may write
    assert told.order[-1] == "over"
    assert report.as_json()["stop_reason"] == "interrupted"
    reader.close()
    assert FakeModel.opened == 0
    monkeypatch.undo()


def test_the_report_of_an_interrupted_reading_is_that_of_its_own_documents(
    fake: FakeLlama, settings: Settings, document: Path
) -> None:
    def report_of(reader: Reader, data: bytes) -> Report:
        with pytest.raises(KeyboardInterrupt):
            reader.read(["-"], stdin=io.BytesIO(data))
        return reader.report

    with Reader(settings) as reader:
        reader.read([document])
        fake.change = interrupt
        report = report_of(reader, b"Short.")
    (record,) = report.documents
    assert record.name == "standard input"
    assert report.tokens.document == 0
    assert report.warnings == ()


@pytest.mark.model
def test_a_needle_of_the_start_stays_for_a_question(
    small_path: Path, settings: Settings, document: Path
) -> None:
    """The whole path: a text of about 450 tokens in a cache of 128, for a question."""
    question = "What is the secret password of the harbour?"
    focused = replace(settings, policy="focus", budget=128, max_tokens=24, threads=2)
    with Reader(replace(focused, model=str(small_path))) as reader:
        reader.read([document], question=question, talk=False)
        assert reader.cache is not None
        held = {np.count_nonzero(row >= 0) for origin in reader.cache.origin for row in origin}
        assert held == {reader.cache.pinned[0].rows}
        assert not reader.held.intact
        assert "BLUE HERON" in reader.ask(question)
        assert reader.report.tokens.kept == 128
