"""Documents longer than the model was made for, by a tiny model that was made for little."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from archived_readings import QUESTION, Heard, Stop, same, settings_for, state, write

from keydiff_cli.cache import Image, LostRowsError, stretches
from keydiff_cli.cache.compactor import Compactor
from keydiff_cli.cache.image import Imaging
from keydiff_cli.cache.state import parse_state
from keydiff_cli.compaction import WAYS, Compaction
from keydiff_cli.engine.recall import put_back
from keydiff_cli.engine.views import Views
from keydiff_cli.errors import UsageError
from keydiff_cli.reading.positions import compaction_of
from keydiff_cli.reading.reader import Reader
from keydiff_cli.reading.surveying import Survey
from keydiff_cli.settings import checks
from keydiff_cli.settings.config import Settings
from keydiff_cli.talk.conversation import Conversation
from keydiff_cli.text.passages import Passage

LONGEST = 1200  # positions; the story has more than 1,600 tokens


@pytest.fixture
def settings(tiny_path: Path, tmp_path: Path) -> Settings:
    given = settings_for(tiny_path, tmp_path)
    return replace(given, compact_at=LONGEST / 8192, compact_to=400 / 8192)


@pytest.fixture
def document(tmp_path: Path) -> Path:
    return write(tmp_path)


def check(reader: Reader) -> None:
    """llama.cpp has the positions of the mirror, and rows are in the order of their tokens."""
    cache = reader.held.cache
    held = parse_state(cache.context.state())[0]
    np.testing.assert_array_equal(held.positions, cache.positions[cache.positions >= 0])
    for origin, rotary in zip(cache.origin, cache.rotary, strict=True):
        for tokens, positions in zip(origin, rotary, strict=True):
            order = np.argsort(tokens)
            assert (np.diff(positions[order]) >= 0).all()
    assert cache.position <= LONGEST


def test_the_settings_say_what_happens() -> None:
    assert (*WAYS, "counted") == checks.POSITIONS
    assert compaction_of(Settings(), 100) == Compaction("capped", 100, 1.0, 0.5)
    assert compaction_of(Settings(positions="counted"), 100) is None
    assert compaction_of(Settings(), 0) is None
    with pytest.raises(UsageError, match="give less for the one, or more for the other"):
        compaction_of(Settings(compact_at=0.25), 100)
    ranked = Settings(positions="ranked", compact_at=0.5, compact_to=0.25)
    assert compaction_of(ranked, 100) == Compaction("ranked", 100, 0.5, 0.25)


@pytest.mark.parametrize("way", ["capped", "ranked", "scaled"])
def test_a_long_document_is_read_to_its_end(settings: Settings, document: Path, way: str) -> None:
    heard = Heard()
    with Reader(replace(settings, positions=way), heard) as reader:
        reader.read([document])
        cache, before = reader.held.cache, state(reader)
        assert cache.tokens > LONGEST
        assert len(cache.shifts) >= 2
        check(reader)
        assert cache.position == cache.tokens - cache.shifts[-1].by
        answer = reader.ask(QUESTION)
        same(before, state(reader))
        assert reader.ask(QUESTION) == answer
    assert not any("made for" in warning for warning in heard.warnings)


def test_positions_may_count_on(settings: Settings, document: Path) -> None:
    with Reader(replace(settings, positions="counted")) as reader:
        reader.read([document])
        assert reader.held.cache.position == reader.held.cache.tokens > LONGEST
        assert reader.held.cache.shifts == []


def test_what_was_stopped_goes_on_as_if_it_had_not_been(
    settings: Settings, document: Path, tmp_path: Path
) -> None:
    with Reader(replace(settings, cache_dir=str(tmp_path / "other"))) as reader:
        reader.read([document])
        wanted, answer = state(reader), reader.ask(QUESTION)
        shifts = reader.held.cache.shifts
    with pytest.raises(KeyboardInterrupt), Reader(settings, Stop(22)) as reader:
        reader.read([document])
    for _ in range(2):  # it goes on, and it is taken up whole
        with Reader(settings) as reader:
            reader.read([document])
            assert reader.held.cache.shifts == shifts
            same(wanted, state(reader))
            assert reader.ask(QUESTION) == answer


def test_what_comes_back_is_between_its_neighbours(settings: Settings, document: Path) -> None:
    with Reader(settings) as reader:
        reader.read([document])
        held, before = reader.held, state(reader)
        assert held.recaller.archive is not None
        tokens = np.array([3, 4, 5, 700, 701, 1000, held.corpus.tokens - 2])
        back = put_back(held.cache, held.recaller.archive, tokens, held.head)
        check(reader)
        for origin in held.cache.origin:
            assert np.isin(tokens + held.head, origin).all()
        back.undo(held.cache)
        after = state(reader)
        for numbers in (0, 1, 2):
            np.testing.assert_array_equal(np.sort(before[numbers]), np.sort(after[numbers]))


@pytest.mark.parametrize("kv_type", ["f16", "q8_0"])
def test_a_part_that_was_read_before_and_after_is_one_in_view(
    settings: Settings, document: Path, kv_type: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its rows are as far apart as its tokens."""
    with Reader(replace(settings, kv_type=kv_type)) as reader:
        reader.read([document])
        held, before = reader.held, state(reader)
        parts = Survey(held, QUESTION, 6).parts
        borders = [part.start for part in stretches(held.cache.shifts, held.cache.tokens)][1:]
        astride = [
            part
            for part in parts
            if any(part.start < border - held.head < part.stop for border in borders)
        ]
        assert astride
        seen, show = [], Views.show

        def look(self: Views, part: Passage) -> None:
            show(self, part)
            rotary = np.concatenate(held.cache.rotary)
            shown = rotary[:, held.head : held.head + part.stop - part.start]
            assert (np.diff(shown, axis=1) == 1).all()
            check(reader)
            seen.append(part)

        monkeypatch.setattr(Views, "show", look)
        answers = list(Survey(held, QUESTION, 6).ask(astride))
        assert seen == astride
        assert len(answers) == len(astride)
        same(before, state(reader))


def test_a_conversation_never_comes_to_the_end(settings: Settings, document: Path) -> None:
    settings = replace(settings, recall=0, max_tokens=40)
    with Reader(settings) as reader:
        reader.read([document])
        conversation = Conversation(reader)
        compactions = len(reader.held.cache.shifts)
        for number in range(12):
            "".join(conversation.say(f"{QUESTION} {number} " + "Please answer at length. " * 3))
            check(reader)
        assert len(reader.held.cache.shifts) > compactions
        last = conversation.turns[-1]
        assert conversation.undo() == last
        check(reader)


def test_what_all_heads_have_needs_not_come_back(settings: Settings, document: Path) -> None:
    with Reader(settings) as reader:
        reader.read([document])
        held, before = reader.held, state(reader)
        assert held.recaller.archive is not None
        last = np.array([held.corpus.tokens - 1])
        put_back(held.cache, held.recaller.archive, last, held.head).undo(held.cache)
        same(before, state(reader))


def test_parts_of_a_whole_document_beyond_the_end_are_looked_at_within(
    settings: Settings, document: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of it was evicted, so that its own positions count on."""
    settings = replace(settings, budget=2048, each="on", notes="off", conversation=600)
    beyond, show = [], Views.show

    def look(self: Views, part: Passage) -> None:
        show(self, part)
        beyond.append(reader.held.cache.position > LONGEST)

    monkeypatch.setattr(Views, "show", look)
    with Reader(settings) as reader:
        reader.read([document])
        assert reader.held.intact
        assert reader.held.cache.position > LONGEST
        before = state(reader)
        said = reader.ask("List all passwords.")
        same(before, state(reader))
        assert reader.ask("List all passwords.") == said
    assert beyond and not any(beyond)


def test_a_conversation_meanwhile_changes_nothing_of_the_reading(
    settings: Settings, document: Path
) -> None:
    settings = replace(settings, cache=False, conversation=600, budget=512, recall=0)
    with Reader(settings) as reader:
        reader.read([document])
        wanted, shifts = state(reader), reader.held.cache.shifts
    with Reader(settings) as reader:
        reader.read([document], stepwise=True)
        conversation = Conversation(reader)
        for number in range(100):
            if not reader.step():
                break
            if number % 5 == 4:
                "".join(conversation.say(QUESTION + " Please answer at length." * 8))
        same(wanted, state(reader))
        assert reader.held.cache.shifts == shifts


def test_what_cannot_be_put_back_is_held_no_longer(
    settings: Settings, document: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Reader(replace(settings, recall=0, max_tokens=40)) as reader:
        reader.read([document])
        before, conversation = state(reader), Conversation(reader)
        put, left = Imaging.put, [1]

        def fail(self: Imaging, image: Image) -> None:
            if left:
                left.pop()
                raise MemoryError
            put(self, image)

        monkeypatch.setattr(Imaging, "put", fail)
        with pytest.raises(LostRowsError):
            for _ in range(12):
                "".join(conversation.say(QUESTION + " Please answer at length." * 3))
        assert reader.cache is None
        assert not conversation.attached
        reader.reread()
        same(before, state(reader))


def test_what_could_not_move_when_it_was_read_moves_once_for_all_questions(
    settings: Settings, document: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there is place on the disk by then; taken up from a snapshot, or a file."""

    def full() -> None:
        raise OSError(28, "No space left on device")

    saved = tmp_path / "saved.keydiff"
    with monkeypatch.context() as patched, Reader(settings) as reader:
        patched.setattr("keydiff_cli.cache.aside.nameless_file", full)
        reader.read([document])
        assert reader.held.cache.position == reader.held.cache.tokens > LONGEST
        reader.save(saved)
    moved, compact = [], Compactor.compact

    def move(self: Compactor, *given: Any) -> None:
        moved.append(given)
        compact(self, *given)

    monkeypatch.setattr(Compactor, "compact", move)
    for take_up in (lambda: reader.read([document]), lambda: reader.load(saved)):
        moved.clear()
        with Reader(settings) as reader:
            take_up()
            assert reader.held.cache.shifts[-1].token == reader.held.cache.tokens
            before, answer = state(reader), reader.ask(QUESTION)
            assert reader.ask(QUESTION) == answer
            same(before, state(reader))
            check(reader)
        assert len(moved) == 1
