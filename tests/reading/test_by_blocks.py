"""Reading that goes on block by block, with questions in between that change nothing of it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import pytest
from cli_helpers import story
from fake_model import FakeLlama, FakeModel
from scripted_cache import FakeRows

from keydiff_cli.errors import DocumentError, KeydiffError, UsageError
from keydiff_cli.reading.reader import Reader
from keydiff_cli.settings.config import Settings
from keydiff_cli.snapshots import DamagedError


@pytest.fixture
def reader(fake: FakeLlama, settings: Settings, document: Path) -> Iterator[Reader]:
    """Of a document, none of which is read yet."""
    with Reader(settings) as reader:
        reader.read([document], stepwise=True)
        yield reader


def test_the_steps_come_to_what_reading_at_once_does(
    reader: Reader, fake: FakeLlama, settings: Settings, document: Path
) -> None:
    assert reader.reading
    assert reader.report.stop_reason == "interrupted"
    tokens = []
    while reader.step():
        tokens.append(reader.report.tokens.document)
    assert not reader.reading
    assert not reader.step()
    total = reader.corpus.tokens
    assert tokens == [*range(64, total, 64), total]
    assert reader.report.stop_reason == "read"
    with Reader(settings) as other:
        other.read([document])
        assert not other.reading
        assert fake.caches[0].kept == fake.caches[1].kept
        assert fake.caches[0].pinned == fake.caches[1].pinned


def test_questions_are_answered_in_between_and_forgotten(
    reader: Reader, fake: FakeLlama, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeModel, "reply", staticmethod(lambda text: "x" * 5000))
    cache = fake.cache
    for _ in range(6):
        assert reader.step()
    before = list(cache.kept), list(cache.pinned), cache.tokens, cache.evicted
    room = cache.free
    reader.settings = replace(reader.settings, max_tokens=5000)
    answer = reader.stream("Why?", rewind=False)
    next(answer)
    assert not reader.reading
    assert cache.pinned[0].rows == len(before[0])
    with pytest.raises(UsageError, match="still being answered"):
        reader.step()
    list(answer)
    report = reader.report
    assert report.tokens.document == 6 * 64
    assert report.stop_reason == "length"
    assert room / 2 < report.tokens.generated < room
    assert report.warnings == (
        f"the answer stopped after {report.tokens.generated} tokens, for want of room until all is "
        "read; it may be incomplete",
    )
    assert (cache.kept, cache.pinned, cache.tokens, cache.evicted) == before
    with pytest.raises(UsageError, match="the question has"):
        reader.ask("Why? " * 200)
    assert (cache.kept, cache.pinned, cache.tokens, cache.evicted) == before
    assert reader.reading
    assert reader.step()


def test_a_ctrl_c_while_a_question_is_forgotten_changes_nothing_of_it(
    reader: Reader, fake: FakeLlama
) -> None:
    cache = fake.cache
    for _ in range(6):
        reader.step()
    before = list(cache.kept), list(cache.pinned), cache.tokens
    real = cache.truncate

    def truncate(position: int) -> None:
        real(position)
        signal.raise_signal(signal.SIGINT)

    cache.truncate = truncate  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        list(reader.stream("Why?", rewind=False))
    assert (cache.kept, cache.pinned, cache.tokens) == before
    assert reader.step()


def test_something_else_can_be_read_while_an_answer_is_open(reader: Reader, document: Path) -> None:
    reader.step()
    old = reader.stream("Why?")
    next(old)
    reader.read([document], stepwise=True)
    assert reader.reading
    assert reader.step()
    new = reader.stream("And now?")
    next(new)
    old.close()  # type: ignore[attr-defined]
    assert not reader.reading
    assert "".join(new) == "nd now?"
    assert reader.reading
    open_still = reader.stream("Why?")
    next(open_still)
    reader.read([document])
    assert not reader.reading
    assert reader.ask("Why?") == "Why?"


def test_what_needs_all_of_it_says_so(
    reader: Reader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader.step()
    with pytest.raises(UsageError, match="more to read before it can be saved"):
        reader.save(tmp_path / "saved.keydiff")
    monkeypatch.setattr(FakeModel, "window", 64)
    with pytest.raises(UsageError, match="sliding windows answers when all is read"):
        reader.ask("Why?")
    while reader.step():
        pass
    assert reader.ask("Why?") == "Why?"


def test_after_an_error_nothing_is_held(
    fake: FakeLlama, settings: Settings, tmp_path: Path
) -> None:
    long = tmp_path / "long.txt"
    long.write_text(story(lines=300))
    with Reader(settings) as reader:
        reader.read([long], stepwise=True)
        long.write_text("Short.")
        with pytest.raises(DocumentError, match=r"long\.txt"):
            while reader.step():
                pass
        assert not reader.reading
        assert reader.cache is None
        assert not reader.step()


def test_the_text_is_taken_first_where_passages_of_it_are_looked_up(
    fake: FakeLlama, settings: Settings, tmp_path: Path
) -> None:
    long = tmp_path / "long.txt"
    long.write_text(story(lines=300))  # more than what is read to make a plan
    with Reader(replace(settings, second_look=256)) as reader:
        reader.read([long], stepwise=True)
        known = reader.corpus.tokens
        while reader.report.tokens.document == 0:
            reader.step()
        assert reader.corpus.ended
        assert reader.corpus.tokens > known
        reader.ask("What is the secret password of the harbour?")
        (look, *_) = reader.report.second_look
        assert look.by == "words"
        assert reader.report.tokens.document == 64
        index = reader.held.second_look
        reader.step()
        reader.ask("Why?")
        assert reader.held.second_look is index  # made once


def test_what_searches_a_part_of_the_text_is_closed_after_its_question(
    fake: FakeLlama, settings: Settings, tmp_path: Path
) -> None:
    long = tmp_path / "long.txt"
    long.write_text(story(lines=300))
    with Reader(replace(settings, second_look=256)) as reader:
        reader.read([long], stepwise=True)
        answer = reader.stream("What is the secret password of the harbour?")
        next(answer)
        assert not reader.corpus.ended
        index = reader.held.second_look._index
        assert index is not None
        list(answer)
        with pytest.raises(KeydiffError, match="closed database"):
            index.find("harbour", 1)


@pytest.mark.parametrize("error", [DamagedError("it is torn"), OSError(5, "the disk is gone")])
def test_an_archive_that_proves_damaged_is_warned_of_once(
    fake: FakeLlama,
    settings: Settings,
    document: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
) -> None:
    class Archivist:
        form = None

        def add(self, rows: object) -> None: ...

        def archive(self) -> NoReturn:
            raise error

    monkeypatch.setattr("keydiff_cli.reading.by_blocks.open_archivist", lambda *_: Archivist())
    monkeypatch.setattr(FakeRows, "between", lambda *_: None, raising=False)
    with Reader(replace(settings, archive="full")) as reader:
        reader.read([document], stepwise=True)
        for _ in range(6):
            reader.step()
        assert reader.ask("Why?") == reader.ask("Why?") == "Why?"
        while reader.step():
            pass
        assert reader.ask("Why?") == "Why?"
        (warning,) = reader.report.warnings
    assert "nothing is recalled: " in warning
    assert warning.endswith("; answers rest on what is kept")


def test_an_error_of_another_thread_closes_what_a_question_has_opened(
    fake: FakeLlama, settings: Settings, document: Path
) -> None:
    def fail(*_: object, **__: object) -> NoReturn:
        raise DocumentError("page 7 is damaged")

    raised: list[BaseException] = []

    def step() -> None:
        try:
            reader.step()
        except BaseException as error:
            raised.append(error)

    with Reader(replace(settings, second_look=256)) as reader:
        reader.read([document], stepwise=True)
        while reader.report.tokens.document == 0:
            reader.step()
        reader.ask("What is the secret password of the harbour?")
        assert reader.report.second_look
        fake.cache.append = fail  # type: ignore[method-assign]
        thread = threading.Thread(target=step)
        thread.start()
        thread.join()
    assert [str(error) for error in raised] == ["page 7 is damaged"]


def test_what_was_read_when_it_was_stopped_is_gone_on_from(
    fake: FakeLlama, settings: Settings, document: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped: list[int] = []

    class FakeKeeper:
        seconds, problem, snapshot = 0.0, "", ""

        def __init__(self, *_: object, **__: object) -> None: ...

        def after(self, tokens: int, cache: object) -> None: ...

        def finish(self, tokens: int, cache: object) -> None: ...

        def stop(self, tokens: int, cache: object) -> None:
            stopped.append(tokens)

        def close(self) -> None: ...

    monkeypatch.setattr("keydiff_cli.reading.by_blocks.Keeper", FakeKeeper)
    with Reader(settings) as reader:
        reader.read([document], stepwise=True)
        reader.step()
        reader.step()
        reader.ask("Why?")
    assert stopped == [128]
    with Reader(settings) as reader:
        reader.read([document])
    assert stopped == [128]
