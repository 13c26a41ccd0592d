"""Conversations that are stopped or fail: no turn is lost, whatever becomes of the cache."""

from __future__ import annotations

from pathlib import Path

import pytest
from fake_model import FakeLlama
from scripted_cache import FakeCache
from talk_helpers import LONG, asked, fill, lost, say, stop_at, stopping

from keydiff_cli.errors import DocumentError, UsageError
from keydiff_cli.reading.reader import Reader
from keydiff_cli.report import Turn
from keydiff_cli.talk.conversation import Conversation


@pytest.mark.parametrize(("batch", "evicting"), [(1, False), (2, False), (3, True)])
def test_stopped_before_the_answer_a_question_is_taken_back(
    conversation: Conversation,
    fake: FakeLlama,
    batch: int,
    evicting: bool,
) -> None:
    if evicting:
        fill(conversation, fake)
    cache, text, pinned = fake.cache, fake.cache.text(), list(fake.cache.pinned)
    turns = conversation.turns
    with stopping(cache, batch):
        say(conversation, LONG)
    assert conversation.attached
    assert lost(cache) == evicting
    assert (fake.cache is cache) == (not evicting)
    assert (fake.cache.text(), fake.cache.pinned) == (text, pinned)
    assert conversation.turns == turns


def test_stopped_later_a_question_stays_with_what_there_is_of_its_answer(
    conversation: Conversation,
) -> None:
    answers = conversation.say("Two?")
    next(answers)
    next(answers)
    answers.close()
    assert conversation.turns[-1] == Turn("Two?", "On", "interrupted")
    assert say(conversation, "Three?") == "One? Two? Three?"


@pytest.mark.parametrize("batch", [1, 2])
def test_until_a_second_answer_begins_the_first_one_stays(
    reader: Reader, fake: FakeLlama, batch: int
) -> None:
    conversation = Conversation(reader)
    answer = say(conversation, LONG)
    with stopping(fake.cache, batch):
        next(conversation.say_again())
    assert conversation.turns == [Turn(LONG, answer, "eos")]
    assert say(conversation, "Two?") == f"{LONG} Two?"
    assert f"<|assistant|>{answer}<|end|>" in fake.cache.text()
    again = conversation.say_again()
    next(again)
    again.close()
    assert conversation.turns[1] == Turn("Two?", "T", "interrupted")


def test_a_turn_that_the_cache_lacks_can_be_forgotten(reader: Reader, fake: FakeLlama) -> None:
    conversation = Conversation(reader)
    say(conversation, "One?")
    say(conversation, LONG)
    with stopping(fake.cache, 1):
        next(conversation.say_again())
    assert conversation.undo().question == LONG
    assert asked(conversation.turns) == ["One?"]
    assert say(conversation, "Two?") == "One? Two?"


def test_a_conversation_ends_when_something_else_is_read(
    conversation: Conversation, reader: Reader, document: Path
) -> None:
    answers = reader.stream("Why?")
    next(answers)
    reader.read([str(document)])
    answers.close()  # it must not go back in a cache that is gone
    assert not conversation.attached
    for use in (
        conversation.undo,
        conversation.clear,
        conversation.catch_up,
        lambda: say(conversation, "Why?"),
        lambda: next(conversation.say_again()),
    ):
        with pytest.raises(UsageError, match="something else was read"):
            use()
    assert reader.ask("Why?") == "Why?"


@pytest.mark.parametrize("failing", ["read", "catch up"])
def test_on_the_way_back_the_cache_may_be_lost_but_no_turn(
    conversation: Conversation,
    reader: Reader,
    fake: FakeLlama,
    failing: str,
) -> None:
    fill(conversation, fake)
    say(conversation, LONG)
    turns = conversation.turns

    def change(cache: FakeCache) -> None:
        stop_at(cache, 1 if failing == "read" else 35)

    fake.change = change
    with pytest.raises(KeyboardInterrupt):
        conversation.undo()
    assert not conversation.attached
    assert reader.cache is None
    assert fake.cache.context.closed
    assert conversation.turns == turns
    with pytest.raises(UsageError, match="has ended"):
        conversation.undo()


def test_a_cache_with_parts_of_a_question_is_given_up_if_there_is_no_way_back(
    conversation: Conversation, fake: FakeLlama, document: Path
) -> None:
    """What stopped it is told, and not that the document is gone."""
    fill(conversation, fake)
    turns = conversation.turns
    document.unlink()
    with stopping(fake.cache, 2):
        say(conversation, LONG)
    assert not conversation.attached
    assert conversation.turns == turns


def test_a_document_that_is_gone_changes_nothing(
    conversation: Conversation, fake: FakeLlama, document: Path
) -> None:
    fill(conversation, fake)
    say(conversation, LONG)
    turns, text = conversation.turns, fake.cache.text()
    document.unlink()
    with pytest.raises(DocumentError):
        conversation.undo()
    assert conversation.attached
    assert (conversation.turns, fake.cache.text()) == (turns, text)


def test_a_question_that_does_not_fit_changes_nothing(
    conversation: Conversation, fake: FakeLlama
) -> None:
    text = fake.cache.text()
    with pytest.raises(UsageError, match="of which at most"):
        say(conversation, "word " * 1000)
    assert fake.cache.text() == text
    assert asked(conversation.turns) == ["One?"]


def test_an_answer_that_goes_on_after_something_else_was_read_is_no_turn(
    conversation: Conversation, reader: Reader
) -> None:
    turns, answers = conversation.turns, conversation.say("Two?")
    next(answers)
    reader.reread()
    answers.close()  # type: ignore[attr-defined]
    assert conversation.turns == turns
    assert reader.ask("Why?") == "Why?"
