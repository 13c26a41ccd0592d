"""What goes before a question while documents are read: the last turns that there is room for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_model import FakeLlama
from talk_helpers import asked, say

from keydiff_cli.errors import UsageError
from keydiff_cli.reading.reader import Reader
from keydiff_cli.report import Turn
from keydiff_cli.settings.config import Settings
from keydiff_cli.talk.conversation import Conversation


@pytest.fixture
def reader(fake: FakeLlama, settings: Settings, document: Path) -> Iterator[Reader]:
    """Of a document, six blocks of which are read."""
    with Reader(settings) as reader:
        reader.read([document], stepwise=True)
        for _ in range(6):
            reader.step()
        yield reader


def test_a_question_comes_after_what_was_said_and_leaves_nothing_in_the_cache(
    reader: Reader, fake: FakeLlama
) -> None:
    before = list(fake.cache.kept), list(fake.cache.pinned)
    conversation = Conversation(reader, [Turn("One?", "One?", "eos")])
    assert say(conversation, "Two?") == "One? Two?"
    assert say(conversation, "Three?") == "One? Two? Three?"
    assert "".join(conversation.say_again()) == "One? Two? Three?"
    assert asked(conversation.turns) == ["One?", "Two?", "Three?"]
    assert (fake.cache.kept, fake.cache.pinned) == before
    assert conversation.tokens == 0
    assert conversation.undo().question == "Three?"
    conversation.catch_up()
    assert (fake.cache.kept, fake.cache.pinned) == before


def test_when_all_is_read_what_was_said_goes_through_the_model(
    reader: Reader, fake: FakeLlama, settings: Settings, document: Path
) -> None:
    conversation = Conversation(reader)
    say(conversation, "One?")
    while reader.step():
        pass
    assert say(conversation, "Two?") == "One? Two?"
    with Reader(settings) as other:
        other.read([document])
        replayed = Conversation(other)
        replayed.replay(conversation.turns[:1])
        assert say(replayed, "Two?") == "One? Two?"
        assert fake.caches[0].kept == fake.caches[1].kept
    assert replayed.turns == conversation.turns


def test_turns_without_room_stay_out_the_first_ones_first(reader: Reader, fake: FakeLlama) -> None:
    evicted = fake.cache.evicted
    long = Turn("Long?", "x" * 150, "eos")
    conversation = Conversation(reader, [Turn("One?", "One?", "eos"), long, long])
    assert say(conversation, "Two?") == "Long? Two?"
    assert asked(conversation.turns) == ["One?", "Long?", "Long?", "Two?"]
    assert fake.cache.evicted == evicted


def test_a_question_that_is_stopped_is_taken_back(reader: Reader, fake: FakeLlama) -> None:
    before = list(fake.cache.kept)
    conversation = Conversation(reader, [Turn("One?", "One?", "eos")])
    answer = conversation.say("Two?")
    next(answer)
    answer.close()  # type: ignore[attr-defined]
    assert conversation.turns[-1] == Turn("Two?", "O", "interrupted")
    assert fake.cache.kept == before
    assert reader.step()


@pytest.mark.parametrize("said", [[], [Turn("One?", "One?", "eos")]])
def test_a_question_that_will_not_fit_when_all_is_read_is_refused_at_once(
    fake: FakeLlama, settings: Settings, document: Path, said: list[Turn]
) -> None:
    with Reader(settings) as reader:
        reader.read([document], stepwise=True)
        reader.step()  # much of the cache is free yet
        conversation = Conversation(reader, said)
        with pytest.raises(UsageError) as refused:
            say(conversation, "x" * (fake.cache.free - 100))
        (room,) = re.findall("at most ([0-9]+) fit", str(refused.value))
        assert conversation.turns == said
        around = len("<|end|><|user|>") if said else len("\n\nQuestion: ")
        question = "x" * (int(room) - around - 2)
        say(conversation, question)
        while reader.step():
            pass
        conversation.catch_up()
        assert conversation.turns[-1].question == question
        say(conversation, "Two?")
