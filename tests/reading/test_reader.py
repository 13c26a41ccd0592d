"""A reader: documents that are read once, and questions that leave no trace."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cli_helpers import story
from fake_model import FakeLlama, FakeModel
from scripted_cache import FakeCache

from keydiff_cli.errors import DocumentError, ModelError, UsageError
from keydiff_cli.llama import Model
from keydiff_cli.reading.reader import Reader
from keydiff_cli.settings.config import Settings


@pytest.fixture
def reader(fake: FakeLlama, settings: Settings, document: Path) -> Iterator[Reader]:
    with Reader(settings) as reader:
        reader.read([document])
        yield reader


def interrupt(cache: FakeCache) -> None:
    raise KeyboardInterrupt


def test_questions_on_their_own_do_not_influence_each_other(
    reader: Reader, fake: FakeLlama
) -> None:
    before = fake.cache.text()
    assert reader.ask("One?") == "One?"
    assert reader.ask("Two?") == "Two?"
    assert fake.cache.text() == before
    assert list(reader.stream("Three?", rewind=False)) == list("Three?")
    assert reader.ask("Four?").endswith("Four?")
    assert "Three?" in fake.cache.text()


def test_before_anything_was_read_there_is_nothing(fake: FakeLlama, settings: Settings) -> None:
    reader = Reader(settings)
    assert reader.cache is None
    for use in (
        lambda: reader.ask("Why?"),
        lambda: reader.corpus,
        lambda: reader.held.intact,
        lambda: reader.held.prompt,
        lambda: reader.held.problem,
    ):
        with pytest.raises(UsageError, match="there is nothing to ask about: read a document"):
            use()
    with pytest.raises(UsageError, match="nothing to save: read a document first"):
        reader.save("never-written")
    with pytest.raises(UsageError, match="cannot be read again"):
        reader.reread()
    with pytest.raises(TypeError, match="must be a list of paths"):
        reader.read("report.pdf")
    assert fake.sketches == 0


def test_what_was_read_is_known_by_its_tokens(reader: Reader, document: Path) -> None:
    assert [record.name for record in reader.corpus.documents] == ["story.txt"]
    assert document.read_text() in reader.corpus.text(0, reader.corpus.tokens)
    assert not reader.held.intact
    assert reader.held.prompt.head.startswith("<|system|>")
    assert reader.held.problem == ""
    report = reader.report
    assert report.stop_reason == "read"
    assert report.tokens.document == reader.corpus.tokens
    assert report.tokens.kept == 256
    assert report.cache is not None
    assert report.cache.policy == "keydiff-prerope"


@pytest.mark.parametrize("budget", [256, 4000])
def test_passages_are_put_before_a_question_unless_the_cache_holds_all(
    fake: FakeLlama,
    settings: Settings,
    document: Path,
    monkeypatch: pytest.MonkeyPatch,
    budget: int,
) -> None:
    shown: list[str] = []
    monkeypatch.setattr(FakeModel, "reply", staticmethod(lambda text: shown.append(text) or "So."))
    with Reader(replace(settings, budget=budget, second_look=400)) as reader:
        reader.read([document])
        before = fake.cache.text()
        assert reader.ask("What is the secret password of the harbour?") == "So."
        assert reader.held.intact == (budget == 4000)
        assert bool(reader.report.second_look) == (budget == 256)
        assert ("Passages of the document:" in shown[0]) == (budget == 256)
        assert fake.cache.text() == before


def test_other_settings_hold_from_the_reading_on(
    reader: Reader, fake: FakeLlama, settings: Settings, document: Path, tmp_path: Path
) -> None:
    other = replace(settings, budget=300)
    for wrong in (replace(settings, policy="focus"), replace(settings, policy="none-such")):
        with pytest.raises(UsageError):
            reader.read([document], settings=wrong)
    with pytest.raises(DocumentError):
        reader.read([tmp_path / "missing"], settings=other)
    assert reader.settings == settings
    assert reader.ask("Why?") == "Why?"  # it was found out before anything was given up
    assert len(fake.caches) == 1
    reader.read([document], settings=other)
    assert reader.settings == other
    assert reader.report.tokens.kept == 300
    reader.reread()
    assert reader.report.tokens.kept == 300
    assert FakeModel.opened == 1


def test_a_model_that_is_missing_changes_nothing(
    reader: Reader, document: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*_: object) -> None:
        raise ModelError("there is no such model")

    with monkeypatch.context() as patch:
        patch.setattr("keydiff_cli.reading.reader.locate_model", missing)
        with pytest.raises(ModelError):
            reader.read([document])
    assert reader.ask("Why?") == "Why?"


def test_a_reading_that_fails_leaves_the_model_alone(
    reader: Reader, fake: FakeLlama, document: Path
) -> None:
    fake.change = interrupt
    with pytest.raises(KeyboardInterrupt):
        reader.reread()
    assert reader.cache is None
    assert FakeModel.opened == 1  # the next reading needs it
    fake.change = lambda cache: None
    reader.reread()
    assert reader.ask("Why?") == "Why?"
    first, *_ = fake.caches
    assert first.context.closed
    assert not fake.cache.context.closed
    reader.close()
    assert fake.cache.context.closed
    assert FakeModel.opened == 0


def test_a_document_is_closed_when_reading_stops(
    fake: FakeLlama, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is closed while there is still a report of it, too."""
    from keydiff_cli.documents import Document

    closed: list[str] = []
    real = Document.close

    def close(document: Document) -> None:
        closed.append(document.name)
        real(document)

    monkeypatch.setattr(Document, "close", close)
    long = tmp_path / "long.txt"
    long.write_text(story(lines=3000))
    reader = Reader(settings)
    fake.change = interrupt
    with pytest.raises(KeyboardInterrupt):
        reader.read([long])
    # Documents that earlier tests have left are closed when they are collected, maybe now.
    assert [name for name in closed if name == long.name] == ["long.txt"]
    assert [record.name for record in reader.report.documents] == ["long.txt"]


def test_what_came_through_a_pipe_is_read_once(fake: FakeLlama, settings: Settings) -> None:
    with Reader(settings) as reader:
        reader.read(["-"], stdin=io.BytesIO(story(lines=20).encode()))
        assert reader.ask("Why?") == "Why?"
        with pytest.raises(UsageError, match="standard input cannot be read again"):
            reader.reread()
        assert reader.ask("Why?") == "Why?"


def test_a_checksum_is_there_if_it_is_wanted(
    fake: FakeLlama, settings: Settings, document: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    located = fake.located
    monkeypatch.setattr(fake, "located", replace(located, sha256=None))
    asked: list[Path] = []

    def checksum(path: Path) -> str:
        asked.append(path)
        return "f" * 64

    monkeypatch.setattr("keydiff_cli.reading.preparation.model_checksum", checksum)
    for wanted, quick in ((False, False), (True, False), (False, True), (True, True)):
        with Reader(settings, checksum=wanted) as reader:
            reader.read([document], quick=quick)
            model = reader.report.model
            assert model is not None
            assert model.sha256 == ("f" * 64 if wanted else None)
    assert asked == [located.path] * 2


# With a model ---------------------------------------------------------------------------------


def test_a_long_answer_leaves_the_document_as_it_is(
    tiny_path: Path, settings: Settings, document: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer makes room among its own tokens, and can still be taken back."""
    settings = replace(settings, model=str(tiny_path), conversation=64, threads=2, max_tokens=8)
    question = "What is the secret password of the harbour?"

    def held() -> list[set[int]]:
        assert reader.cache is not None
        return [set(row[row >= 0].tolist()) for origin in reader.cache.origin for row in origin]

    with Reader(settings) as reader:
        reader.read([document])
        before, first = held(), reader.ask(question)
        assert reader.ask("Name a colour.") != first
        assert reader.ask(question) == first
        assert held() == before
        assert reader.report.tokens.generated > 0
        assert 0 < reader.report.certainty <= 1
        assert reader.cache is not None
        ends = Model.ends_answer
        monkeypatch.setattr(Model, "ends_answer", lambda *_: False)
        most = reader.cache.free + 50
        reader.settings = replace(settings, max_tokens=most)
        evicted, seen = reader.cache.evicted, []
        for number, _ in enumerate(reader.stream("Count from one to a thousand, in words.")):
            if number % 16 == 0 or number > most - 60:
                seen.append(min(len(now & kept) for now, kept in zip(held(), before, strict=True)))
                evicted = max(evicted, reader.cache.evicted)
        assert reader.report.tokens.generated == most
        assert min(seen) == len(before[0])
        assert evicted > reader.cache.evicted  # what it has evicted was taken back
        assert held() == before
        monkeypatch.setattr(Model, "ends_answer", ends)
        reader.settings = settings
        assert reader.ask(question) == first
