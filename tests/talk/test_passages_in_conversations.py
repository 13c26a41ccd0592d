"""Passages before the questions of a conversation: there for the answer, and gone after it."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fake_model import FakeLlama, FakeModel, questions
from talk_helpers import asked, lost, say, stopping

from keydiff_cli.reading.reader import Reader
from keydiff_cli.report import Turn
from keydiff_cli.settings.config import Settings
from keydiff_cli.talk.conversation import Conversation

SHOWN = "Passages of the document:"
SECRET = "What is the secret password of the harbour?"
PAINTED = "Which storehouse was painted in the spring?"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, second_look=400)


@pytest.fixture
def reader(fake: FakeLlama, settings: Settings, document: Path) -> Iterator[Reader]:
    with Reader(settings) as reader:
        reader.read([document])
        yield reader


@pytest.fixture
def conversation(reader: Reader) -> Conversation:
    """A conversation in which nothing was said."""
    return Conversation(reader)


def lines(reader: Reader) -> list[int]:
    """The first lines of the passages that the last question was answered from."""
    return [look.lines[0] for look in reader.report.second_look]


def test_passages_are_there_for_the_answer_and_gone_after_it(
    conversation: Conversation, reader: Reader, fake: FakeLlama
) -> None:
    document = fake.cache.text()
    answer = conversation.say(SECRET)
    first = next(answer)
    shown = fake.cache.text().removeprefix(document)
    assert shown.startswith(f"\n\n{SHOWN}\n\n[lines 1-")
    assert shown.index("BLUE HERON") < shown.index(f"\n\nQuestion: {SECRET}")
    rest = "".join(answer)
    assert first + rest == SECRET
    assert fake.cache.text() == f"{document}\n\nQuestion: {SECRET}<|end|><|assistant|>{SECRET}"
    assert conversation.tokens == len("\n\nQuestion: ") + 2 * len(SECRET) + 2
    assert lines(reader)[0] == 1
    assert conversation.turns == [Turn(SECRET, SECRET, "eos")]


def test_their_headings_are_left_out_of_answers(
    conversation: Conversation, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    reply = staticmethod(lambda text: text[text.rindex(SHOWN) : text.rindex("\n\nQuestion")])
    monkeypatch.setattr(FakeModel, "reply", reply)
    for answer in (say(conversation, SECRET), reader.ask(PAINTED)):
        assert "BLUE HERON" in answer or "storehouse" in answer
        assert SHOWN not in answer
        assert "\n[lines" not in answer


def test_each_question_gets_passages_of_its_own(
    conversation: Conversation, reader: Reader, fake: FakeLlama
) -> None:
    say(conversation, SECRET)
    before = fake.cache.text()
    assert say(conversation, PAINTED) == f"{SECRET} {PAINTED}"
    assert 1 not in lines(reader)
    assert SHOWN not in fake.cache.text()
    assert fake.cache.text().startswith(f"{before}<|end|><|user|>")
    assert questions(fake.cache.text() + "<|end|><|assistant|>")[-2:] == [SECRET, PAINTED]
    say(conversation, "Xyzzy, plugh, plover, frobnicate?")
    assert lines(reader) == []


def test_the_question_stays_whole_without_its_passages(
    conversation: Conversation, fake: FakeLlama
) -> None:
    say(conversation, SECRET)
    _, question = fake.cache.pinned
    held = [token for number, token in fake.cache.kept if question.start <= number < question.stop]
    assert bytes(token for token in held if token < 256).decode() == f"\n\nQuestion: {SECRET}"
    assert question.rows == len(held)


def test_the_template_before_a_later_question_stays_with_it(
    conversation: Conversation, fake: FakeLlama
) -> None:
    say(conversation, SECRET)
    before = fake.cache.tokens
    say(conversation, PAINTED)
    pins = [pin for pin in fake.cache.pinned if pin.start >= before]
    pinned = [
        token
        for number, token in fake.cache.kept
        if any(pin.start <= number < pin.stop for pin in pins)
    ]
    template, question = "<|end|><|user|>", f"{PAINTED}<|end|><|assistant|>"
    assert pinned == FakeModel().tokenize(template + question, special=True).tolist()
    assert sum(pin.rows for pin in pins) == len(pinned)


def test_a_ctrl_c_while_passages_go_leaves_the_turn(
    conversation: Conversation, fake: FakeLlama
) -> None:
    rows = fake.cache.rows
    real = rows.remove

    def remove(start: int, stop: int) -> None:
        real(start, stop)
        signal.raise_signal(signal.SIGINT)

    rows.remove = remove  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        say(conversation, SECRET)
    rows.remove = real  # type: ignore[method-assign]
    assert conversation.turns == [Turn(SECRET, SECRET, "eos")]
    assert say(conversation, PAINTED) == f"{SECRET} {PAINTED}"
    assert conversation.undo().question == PAINTED
    assert len(fake.caches) == 1


def test_a_question_of_few_words_looks_where_the_one_before_it_did(
    conversation: Conversation, reader: Reader
) -> None:
    say(conversation, "And when?")
    assert 1 not in lines(reader)
    conversation.clear()
    say(conversation, SECRET)
    say(conversation, "And when?")
    assert 1 in lines(reader)
    "".join(conversation.say_again())
    assert 1 in lines(reader)
    say(conversation, PAINTED)
    assert 1 not in lines(reader)


@pytest.mark.parametrize("windowed", [False, True])
def test_a_turn_with_passages_is_taken_back(
    conversation: Conversation,
    reader: Reader,
    fake: FakeLlama,
    monkeypatch: pytest.MonkeyPatch,
    windowed: bool,
) -> None:
    """Layers with a window have forgotten what was in them: the document is read again."""
    monkeypatch.setattr(FakeModel, "window", 64 * windowed)
    document = fake.cache.text()
    say(conversation, SECRET)
    before = fake.cache.text()
    say(conversation, PAINTED)
    assert SHOWN not in fake.cache.text()
    assert conversation.undo().question == PAINTED
    assert fake.cache.text() == before
    assert len(fake.caches) == 1 + windowed
    assert say(conversation, PAINTED) == f"{SECRET} {PAINTED}"
    conversation.clear()
    assert fake.cache.text() == document
    assert conversation.tokens == 0


def test_what_was_said_is_taken_up_without_passages(
    conversation: Conversation, reader: Reader, fake: FakeLlama
) -> None:
    say(conversation, SECRET)
    text = fake.cache.text()
    reader.reread()
    again = Conversation(reader, conversation.turns)
    again.catch_up()
    assert fake.cache.text() == text
    assert say(again, PAINTED) == f"{SECRET} {PAINTED}"
    turns = again.turns
    reader.reread()
    third = Conversation(reader)
    third.replay(turns)
    assert SHOWN not in fake.cache.text()
    assert say(third, "And why?") == f"{SECRET} {PAINTED} And why?"
    assert asked(third.turns) == [SECRET, PAINTED, "And why?"]


def test_a_second_answer_gets_the_same_passages(
    conversation: Conversation, reader: Reader, fake: FakeLlama
) -> None:
    say(conversation, SECRET)
    text, looks = fake.cache.text(), reader.report.second_look
    assert "".join(conversation.say_again()) == SECRET
    assert reader.report.second_look == looks
    assert fake.cache.text() == text


def test_stopped_in_its_answer_a_question_stays_without_its_passages(
    conversation: Conversation, fake: FakeLlama
) -> None:
    document = fake.cache.text()
    answer = conversation.say(SECRET)
    next(answer)
    next(answer)
    answer.close()  # type: ignore[attr-defined]
    assert conversation.turns == [Turn(SECRET, "Wh", "interrupted")]
    assert fake.cache.text() == f"{document}\n\nQuestion: {SECRET}<|end|><|assistant|>W"


@pytest.mark.parametrize("batch", [1, 3])
def test_stopped_before_its_answer_a_question_is_taken_back_with_its_passages(
    conversation: Conversation, fake: FakeLlama, batch: int
) -> None:
    text = fake.cache.text()
    with stopping(fake.cache, batch):
        say(conversation, SECRET)
    assert (fake.cache.text(), conversation.turns) == (text, [])
    assert say(conversation, PAINTED) == PAINTED


def test_where_a_turn_evicts_its_passages_are_evicted_after_it(
    conversation: Conversation, reader: Reader, fake: FakeLlama, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeModel, "reply", staticmethod(lambda text: "It is so. " * 3))
    cache, document = fake.cache, fake.cache.text()
    for number in range(40):
        question = f"Which storehouse is on quay {number % 19 + 1} of the harbour?"
        say(conversation, question)
        assert reader.report.second_look
        assert cache.used <= cache.context.cells
        assert cache.text().startswith(document)
        assert questions(cache.text() + "<|end|><|assistant|>")[-1] == question
    assert lost(cache)
    assert len(fake.caches) == 1
    assert SHOWN not in cache.text()


def test_a_question_on_its_own_leaves_the_conversation_as_it_is(
    conversation: Conversation, reader: Reader, fake: FakeLlama
) -> None:
    say(conversation, PAINTED)
    text = fake.cache.text()
    assert reader.ask(SECRET).endswith(SECRET)
    assert 1 in lines(reader)
    assert fake.cache.text() == text
    assert say(conversation, "Why?") == f"{PAINTED} Why?"
