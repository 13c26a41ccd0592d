"""Conversations: what was said, what stays in the cache of it, and what is taken back."""

from __future__ import annotations

import io

import pytest
from cli_helpers import story
from fake_model import FakeLlama, FakeModel, echo, questions
from talk_helpers import LONG, asked, fill, lost, say

from keydiff_cli.engine.sampling import Sampler
from keydiff_cli.errors import UsageError
from keydiff_cli.reading.reader import Reader
from keydiff_cli.report import Turn
from keydiff_cli.settings.config import Settings
from keydiff_cli.talk.conversation import Conversation


def test_each_question_comes_after_what_was_said(
    conversation: Conversation, fake: FakeLlama
) -> None:
    assert say(conversation, "Two?") == "One? Two?"
    assert say(conversation, "Three?") == "One? Two? Three?"
    assert conversation.turns == [
        Turn("One?", "One?", "eos"),
        Turn("Two?", "One? Two?", "eos"),
        Turn("Three?", "One? Two? Three?", "eos"),
    ]
    assert fake.cache.text().endswith(
        "Question: One?<|end|><|assistant|>One?<|end|><|user|>Two?<|end|><|assistant|>One? Two?"
        "<|end|><|user|>Three?<|end|><|assistant|>One? Two? Three?"
    )
    assert conversation.tokens == fake.cache.used - fake.cache.pinned[0].rows
    turns = conversation.turns
    turns.clear()
    assert len(conversation.turns) == 3  # what is given away is a copy


def test_a_sampler_takes_the_place_of_that_of_the_settings(conversation: Conversation) -> None:
    hot = "".join(conversation.say("Two?", Sampler(temperature=1000.0, seed=1)))
    assert hot != "One? Two?"
    assert conversation.turns[-1].answer == hot


def test_questions_stay_whole_the_first_ones_first(
    reader: Reader, fake: FakeLlama, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeModel, "reply", staticmethod(lambda text: "It is so. " * 3))
    cache, document = fake.cache, fake.cache.text()
    conversation = Conversation(reader)
    for number in range(60):
        say(conversation, f"And what of quay {number}?")
        assert cache.used <= cache.context.cells
    assert lost(cache)
    assert cache.text().startswith(document)
    known = questions(cache.text())
    pins = cache.pinned[1:]
    assert sum(pin.rows for pin in pins) <= settings.conversation // 2
    assert known[: len(pins)] == [f"And what of quay {n}?" for n in range(len(pins))]
    assert len(pins) >= 3
    assert known[-1] == "And what of quay 59?"
    assert len(known) < 60


def test_of_two_answers_one_must_be_done(conversation: Conversation, reader: Reader) -> None:
    begun = reader.stream("Why?")
    next(begun)
    turns = conversation.turns
    for other in (
        lambda: next(reader.stream("Where?")),
        lambda: say(conversation, "Where?"),
        lambda: next(conversation.say_again()),
        lambda: conversation.replay([Turn("When?", "Now.", "eos")]),
        conversation.undo,
        conversation.clear,
    ):
        with pytest.raises(UsageError, match="an answer is still being generated"):
            other()
        assert conversation.turns == turns
    assert "".join(begun) == "ne? Why?"  # nothing of this has changed the cache
    assert say(conversation, "Two?") == "One? Two?"
    talk = conversation.say("Three?")
    next(talk)
    with pytest.raises(UsageError, match="still being generated"):
        reader.ask("Why?")
    talk.close()
    assert asked(conversation.turns) == ["One?", "Two?", "Three?"]
    conversation.clear()
    assert reader.ask("Why?") == "Why?"


@pytest.mark.parametrize("evicting", [False, True])
def test_undo_goes_back_to_what_was_before(
    conversation: Conversation, reader: Reader, fake: FakeLlama, evicting: bool
) -> None:
    """If the turn evicted rows, the documents are read once more."""
    if evicting:
        fill(conversation, fake)
    before, cache, turns = fake.cache.text(), fake.cache, conversation.turns
    answer = say(conversation, LONG)
    assert lost(cache) == evicting
    assert conversation.undo() == Turn(LONG, answer, "eos")
    assert conversation.turns == turns
    assert fake.cache.text() == before
    assert (reader.cache is cache) == (not evicting)
    assert len(fake.caches) == 1 + evicting
    assert say(conversation, LONG) == answer
    conversation.clear()
    assert conversation.turns == []
    assert conversation.tokens == 0
    with pytest.raises(UsageError, match="nothing to take back"):
        conversation.undo()
    with pytest.raises(UsageError, match="nothing to answer again"):
        next(conversation.say_again())
    conversation.clear()


def test_layers_with_a_window_cannot_be_taken_back(
    conversation: Conversation, fake: FakeLlama, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(conversation, "Two?")
    monkeypatch.setattr(FakeModel, "window", 64)
    conversation.undo()
    assert len(fake.caches) == 2
    with pytest.raises(UsageError, match="of which at most"):
        say(conversation, "word " * 1000)
    assert len(fake.caches) == 2  # nothing was run, so there is nothing to take back
    assert say(conversation, "Three?") == "One? Three?"


def test_what_came_through_a_pipe_stays_if_it_cannot_be_read_again(
    fake: FakeLlama, settings: Settings
) -> None:
    with Reader(settings) as reader:
        reader.read(["-"], stdin=io.BytesIO(story(lines=20).encode()))
        conversation = Conversation(reader)
        fill(conversation, fake)
        say(conversation, LONG)
        turns = conversation.turns
        for change in (conversation.undo, conversation.clear):
            with pytest.raises(UsageError, match="standard input cannot be read again"):
                change()
            assert conversation.attached
            assert conversation.turns == turns
        assert say(conversation, "And?").endswith("And?")


def test_a_conversation_is_taken_up(
    conversation: Conversation, reader: Reader, fake: FakeLlama
) -> None:
    say(conversation, "Two?")
    turns, text = conversation.turns, fake.cache.text()
    reader.reread()
    again = Conversation(reader)
    again.replay(turns[:1])
    assert again.turns == turns[:1]
    assert say(again, "Two?") == "One? Two?"
    assert (again.turns, fake.cache.text()) == (turns, text)
    reader.reread()
    given = Conversation(reader, turns)
    assert given.turns == turns
    assert given.tokens == 0  # they go through the model when it is their turn
    given.catch_up(1)
    assert questions(fake.cache.text() + "<|end|><|assistant|>") == ["One?"]
    given.catch_up()
    assert fake.cache.text() == text
    reader.reread()
    again = Conversation(reader, turns)
    assert "".join(again.say_again()) == "One? Two?"
    assert (again.turns, fake.cache.text()) == (turns, text)


def test_a_replay_is_whole_or_not_at_all(conversation: Conversation, fake: FakeLlama) -> None:
    text, turns = fake.cache.text(), conversation.turns
    with pytest.raises(UsageError, match="of which at most"):
        conversation.replay([Turn("Why?", "So.", "eos"), Turn("word " * 1000, "", "eos")])
    assert conversation.attached
    assert (fake.cache.text(), conversation.turns) == (text, turns)


@pytest.mark.parametrize("evicting", [False, True])
def test_a_second_answer_takes_the_place_of_the_first(
    conversation: Conversation,
    fake: FakeLlama,
    monkeypatch: pytest.MonkeyPatch,
    evicting: bool,
) -> None:
    if evicting:
        fill(conversation, fake)
        say(conversation, LONG)
        assert lost(fake.cache)
    before = conversation.turns
    monkeypatch.setattr(FakeModel, "reply", staticmethod(lambda text: echo(text).upper()))
    answer = "".join(conversation.say_again())
    assert answer == answer.upper() != before[-1].answer
    *same, last = conversation.turns
    assert same == before[:-1]
    assert (last.question, last.answer) == (before[-1].question, answer)
    assert questions(fake.cache.text() + "<|end|><|assistant|>").count(last.question) == 1


def test_without_documents_it_is_a_chat(fake: FakeLlama, settings: Settings) -> None:
    with Reader(settings) as reader:
        with pytest.raises(UsageError, match="read a document first"):
            reader.ask("Why?")
        with pytest.raises(UsageError, match="read a document first"):
            Conversation(reader)
        reader.read([])
        conversation = Conversation(reader)
        assert say(conversation, "Hello?") == "Hello?"
        assert fake.cache.text().startswith("<s><|system|>Be brief and exact.<|end|>")
        assert say(conversation, "You?") == "Hello? You?"
