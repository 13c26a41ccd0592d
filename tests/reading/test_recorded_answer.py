"""An answer, and what is recorded of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fake_model import FakeLlama, FakeModel

from keydiff_cli.errors import UsageError
from keydiff_cli.reading.composed import Composed
from keydiff_cli.reading.reader import Reader
from keydiff_cli.reading.recorded_answer import recorded_composed
from keydiff_cli.settings.config import Settings


@pytest.fixture
def reader(fake: FakeLlama, settings: Settings, document: Path) -> Iterator[Reader]:
    with Reader(settings) as reader:
        reader.read([str(document)])
        yield reader


def test_an_answer_is_counted_and_timed(reader: Reader, fake: FakeLlama) -> None:
    score, move = fake.cache.times.score, fake.cache.times.move
    assert score > 0
    assert reader.ask("Why is it?") == "Why is it?"
    report = reader.report
    assert (report.answer, report.stop_reason) == ("Why is it?", "eos")
    assert report.tokens.generated == len("Why is it?")
    head = fake.cache.pinned[0].rows - report.tokens.kept
    assert report.tokens.prompt == head + len("\n\nQuestion: Why is it?") + 2
    assert 0 < report.timing_s.first_token <= report.timing_s.answer
    assert (report.timing_s.score, report.timing_s.evict) == (score, move)
    assert report.certainty == pytest.approx(1.0, abs=1e-3)


def test_evictions_of_an_answer_are_added_to_those_of_reading(
    reader: Reader, fake: FakeLlama, monkeypatch: pytest.MonkeyPatch
) -> None:
    score = fake.cache.times.score
    monkeypatch.setattr(FakeModel, "reply", staticmethod(lambda text: "so on " * 120))
    reader.settings = replace(reader.settings, max_tokens=1000)
    for _ in range(2):  # the answer before does not count
        before = fake.cache.times.score
        list(reader.stream("Why?", rewind=True))
        evicting = fake.cache.times.score - before
        assert evicting > 0
        assert reader.report.timing_s.score == score + evicting


def test_what_is_odd_of_an_answer_is_warned_about(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeModel, "reply", staticmethod(lambda text: " \n"))
    assert reader.ask("Why?") == " \n"
    (empty,) = reader.report.warnings
    assert "the model gave an empty answer" in empty
    reader.recorder.forget_warnings()
    monkeypatch.setattr(FakeModel, "reply", staticmethod(lambda text: "and " * 1000))
    assert len(reader.ask("Why?")) == 600
    assert reader.report.stop_reason == "length"
    (long,) = reader.report.warnings
    assert long == (
        "the answer stopped after 600 tokens; it may be incomplete: max_tokens=1200 lets it be "
        "longer"
    )


def test_of_one_that_is_put_together_and_empty_it_is_warned_too(reader: Reader) -> None:
    class Empty(Composed):
        def _pieces(self) -> Iterator[str]:
            yield ""

    assert list(recorded_composed(Empty(30), reader.recorder)) == [""]
    (empty,) = reader.report.warnings
    assert "the model gave an empty answer" in empty


def test_of_a_stopped_answer_there_is_what_was_said(reader: Reader) -> None:
    answer = reader.stream("Why?")
    next(answer)
    next(answer)
    answer.close()  # type: ignore[attr-defined]
    report = reader.report
    assert (report.answer, report.stop_reason) == ("Wh", "interrupted")
    assert report.tokens.generated == 2
    assert report.warnings == ()


def test_of_a_question_that_does_not_fit_there_is_nothing(reader: Reader) -> None:
    reader.ask("Why?")
    with pytest.raises(UsageError, match="of which at most"):
        reader.ask("word " * 1000)
    report = reader.report
    assert (report.answer, report.stop_reason, report.tokens.generated) == ("", "interrupted", 0)
    assert reader.ask("Why?") == "Why?"
