"""Conversations and the library: what stays in the cache, what is taken back, saved and loaded."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli_helpers import POSIX, story
from text_helpers import SAMPLE

from keydiff_cli.errors import DocumentError, UsageError
from keydiff_cli.llama import Model
from keydiff_cli.reading.reader import Reader
from keydiff_cli.report import Turn
from keydiff_cli.settings.config import Settings
from keydiff_cli.snapshots import SnapshotFile
from keydiff_cli.talk.chat import Chat
from keydiff_cli.talk.conversation import Conversation
from keydiff_cli.talk.sessions import open_sessions

pytestmark = pytest.mark.model
BUDGET = 256
SHARE = 256
QUESTION = "What is the secret password of the harbour?"

Open = Callable[..., Reader]


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "story.txt"
    path.write_text(story(lines=20))
    return path


@pytest.fixture
def settings(small_path: Path, tmp_path: Path) -> Settings:
    return Settings(
        model=str(small_path),
        budget=BUDGET,
        block=64,
        max_tokens=10,
        conversation=SHARE,
        threads=2,
        cache_dir=str(tmp_path / "cache"),
        sessions_dir=str(tmp_path / "chats"),
    )


@pytest.fixture
def reader(settings: Settings, document: Path) -> Iterator[Reader]:
    with Reader(settings) as reader:
        reader.read([str(document)])
        yield reader


def test_of_two_answers_one_must_be_done(reader: Reader) -> None:
    whole = reader.ask(QUESTION)
    begun = reader.stream(QUESTION)
    next(begun)
    for other in (reader.stream("Why?"), Conversation(reader).say("Why?")):
        with pytest.raises(UsageError, match="an answer is still being generated"):
            next(other)
    begun.close()
    assert reader.ask(QUESTION) == whole
    conversation = Conversation(reader)
    talk = conversation.say(QUESTION)
    next(talk)
    with pytest.raises(UsageError, match="still being generated"):
        reader.ask("Why?")
    talk.close()
    assert len(conversation.turns) == 1
    conversation.clear()
    assert reader.ask(QUESTION) == whole


def say(conversation: Conversation, text: str) -> str:
    return "".join(conversation.say(text))


def held(reader: Reader) -> list[set[int]]:
    """The tokens that each head holds."""
    assert reader.cache is not None
    return [set(row[row >= 0].tolist()) for origin in reader.cache.origin for row in origin]


def test_questions_on_their_own_do_not_influence_each_other(reader: Reader) -> None:
    first = reader.ask(QUESTION)
    before = held(reader)
    assert reader.ask("Name a colour.") != first
    assert reader.ask(QUESTION) == first
    assert held(reader) == before
    assert reader.report.tokens["generated"] > 0
    assert 0 < reader.report.certainty <= 1


def test_a_long_answer_leaves_the_document_as_it_is(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It makes room among its own tokens, and can still be taken back."""
    monkeypatch.setattr(Model, "ends_answer", lambda *_: False)
    before = held(reader)
    reader.settings = replace(reader.settings, max_tokens=SHARE + 300)
    seen = []
    for _ in reader.stream("Count from one to a thousand, in words.", rewind=True):
        seen.append(min(len(mine & kept) for mine, kept in zip(held(reader), before, strict=True)))
    assert reader.report.tokens["generated"] > SHARE + 200
    assert min(seen) == len(before[0])
    assert reader.cache is not None
    assert reader.cache.evicted > 0
    assert held(reader) == before


def test_a_conversation_knows_what_was_said(reader: Reader) -> None:
    conversation = Conversation(reader)
    say(conversation, "My boat is called Gull. Say Gull.")
    assert "Gull" in say(conversation, "What is my boat called?")
    assert [turn.question for turn in conversation.turns][1] == "What is my boat called?"
    assert 0 < conversation.tokens < SHARE
    with pytest.raises(UsageError, match="a conversation has begun"):
        reader.save("never-written")


def test_sixty_turns_push_out_neither_the_document_nor_what_was_said_first(reader: Reader) -> None:
    cache = reader.cache
    assert cache is not None
    document = held(reader)
    head_and_kept = len(document[0])
    conversation = Conversation(reader)
    say(conversation, "Hello.")
    start = cache.position
    say(conversation, "My boat is called Gull, and it lies at quay nine.")
    second = set(range(start + 8, start + 20))  # the middle of what was said, at the least
    for number in range(3, 61):
        say(conversation, f"Tell me about quay {number}.")
        assert cache.used <= cache.context.cells
    assert len(conversation.turns) == 60
    assert cache.evicted > 0
    assert cache.position > start + 60 * 15
    latest = set(range(cache.position - 20, cache.position))
    for before, now in zip(document, held(reader), strict=True):
        assert len(now) == cache.used
        assert before <= now
        assert second <= now
        assert latest <= now
    assert cache.pinned[0].rows == head_and_kept
    assert sum(pin.rows for pin in cache.pinned[1:]) <= SHARE // 2


@pytest.mark.parametrize("evicting", [False, True])
def test_undo_goes_back_to_what_was_before(reader: Reader, evicting: bool) -> None:
    """If the turn evicted rows, the documents come from the snapshot once more."""
    conversation = Conversation(reader)
    cache = reader.cache
    assert cache is not None
    say(conversation, "Hello.")
    while True:
        before, evicted = cache.position, cache.evicted
        answer = say(conversation, QUESTION)
        if cache.evicted > evicted or not evicting:
            break
    turns, stopped = conversation.turns[:-1], reader.report.stop_reason
    assert conversation.undo() == Turn(QUESTION, answer, stopped)
    assert conversation.turns == turns
    assert (reader.cache is cache) == (not evicting)
    assert reader.cache is not None
    assert abs(reader.cache.position - before) <= len(turns)  # tokens of answers may be cut anew
    if not evicting:
        assert say(conversation, QUESTION) == answer
    conversation.clear()
    assert conversation.turns == []
    assert conversation.tokens == 0
    with pytest.raises(UsageError, match="nothing to take back"):
        conversation.undo()


def test_a_conversation_is_taken_up(reader: Reader, settings: Settings, document: Path) -> None:
    conversation = Conversation(reader)
    say(conversation, "My boat is called Gull. Say Gull.")
    answer = say(conversation, "What is my boat called?")
    tokens = conversation.tokens
    with Reader(settings) as other:
        other.read([str(document)])
        assert other.report.tokens["reused"] == other.report.tokens["document"]
        again = Conversation(other)
        again.replay(conversation.turns[:1])
        assert say(again, "What is my boat called?") == answer
        assert again.tokens == tokens


@pytest.mark.parametrize("batch", [1, 2])
def test_stopped_before_the_answer_a_question_is_taken_back(
    reader: Reader, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    conversation = Conversation(reader)
    say(conversation, "Hello.")
    cache = reader.cache
    assert cache is not None
    position, pinned, real, calls = cache.position, list(cache.pinned), cache.append, []

    def stop(*words: Any, **options: Any) -> None:
        calls.append(words)
        if len(calls) == batch:
            raise KeyboardInterrupt
        real(*words, **options)

    monkeypatch.setattr(cache, "append", stop)
    with pytest.raises(KeyboardInterrupt):
        say(conversation, "Tell me about the harbour, " * 20)
    monkeypatch.undo()
    assert cache.position == position
    assert cache.pinned == pinned
    assert [turn.question for turn in conversation.turns] == ["Hello."]
    answers = conversation.say("Count to twenty.")
    next(answers)
    answers.close()
    assert conversation.turns[-1].question == "Count to twenty."
    assert conversation.turns[-1].stop_reason == "interrupted"
    assert say(conversation, "Hello again.")


def test_a_conversation_ends_when_something_else_is_read(reader: Reader, document: Path) -> None:
    conversation = Conversation(reader)
    say(conversation, "Hello.")
    answers = reader.stream(QUESTION)
    next(answers)
    reader.read([str(document)])
    answers.close()  # it must not go back in a cache that is gone
    assert not conversation.attached
    for use in (conversation.undo, conversation.clear, lambda: say(conversation, "Why?")):
        with pytest.raises(UsageError, match="something else was read"):
            use()
    assert reader.ask(QUESTION)


def test_a_replay_is_whole_or_not_at_all(reader: Reader) -> None:
    conversation = Conversation(reader)
    say(conversation, "Hello.")
    tokens, turns = conversation.tokens, conversation.turns
    with pytest.raises(UsageError, match="of which at most"):
        conversation.replay([Turn("Why?", "So.", "eos"), Turn("word " * 1000, "", "eos")])
    assert conversation.attached
    assert (conversation.tokens, conversation.turns) == (tokens, turns)


def test_stopped_again_on_the_way_back_nothing_is_lost(
    settings: Settings, document: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat = Chat(settings, [str(document)])
    chat.start()
    "".join(chat.say("My boat is called Gull. Say Gull."))
    turns = chat.turns

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    for name in ("say", "replay"):
        monkeypatch.setattr(Conversation, name, stop)
    for change in (chat.retry, lambda: chat.change(replace(settings, budget=300))):
        with pytest.raises(KeyboardInterrupt):
            list(change() or ())
        assert chat.turns == turns
    monkeypatch.undo()
    assert "Gull" in "".join(chat.say("What is my boat called?"))
    assert chat.turns[:1] == turns
    chat.close()


def test_a_question_that_does_not_fit_changes_nothing(reader: Reader) -> None:
    conversation = Conversation(reader)
    say(conversation, "Hello.")
    tokens = conversation.tokens
    with pytest.raises(UsageError, match="of which at most"):
        say(conversation, "word " * 1000)
    assert conversation.tokens == tokens
    assert len(conversation.turns) == 1


def test_without_documents_it_is_a_chat(settings: Settings) -> None:
    with Reader(settings) as reader:
        with pytest.raises(UsageError, match="read a document first"):
            reader.ask(QUESTION)
        with pytest.raises(UsageError, match="read a document first"):
            Conversation(reader)
        reader.read([])
        assert say(Conversation(reader), "Say hello.")


def test_what_was_read_is_saved_and_loaded(
    reader: Reader, settings: Settings, tmp_path: Path
) -> None:
    answer = reader.ask(QUESTION)
    path = tmp_path / "story.keydiff"
    reader.save(path)
    assert sorted(file.name for file in tmp_path.iterdir() if "part" in file.name) == []
    other = replace(settings, budget=None, block=128, policy="window", cache=False)
    with Reader(other) as loaded:
        loaded.load(path)
        assert loaded.settings.policy == "keydiff-prerope"
        assert held(loaded) == held(reader)
        assert loaded.ask(QUESTION) == answer
        assert loaded.report.tokens["reused"] == loaded.report.tokens["document"]
        assert loaded.report.documents == reader.report.documents
        loaded.save(tmp_path / "again.keydiff")
        loaded.load(tmp_path / "again.keydiff")
        assert loaded.ask(QUESTION) == answer
        assert loaded.report.documents == reader.report.documents
        with pytest.raises(DocumentError, match="No such file"):
            loaded.load(tmp_path / "missing")
        assert loaded.ask(QUESTION) == answer
    with Reader(replace(other, system="Be brief.")) as wrong:
        with pytest.raises(UsageError, match="of another system prompt"):
            wrong.load(path)
        with pytest.raises(DocumentError, match="No such file"):
            wrong.load(tmp_path / "missing")
        data = bytearray(path.read_bytes())
        data[-1] ^= 1
        path.write_bytes(data)
        with pytest.raises(DocumentError, match="cannot be used: its checksum"):
            wrong.load(path)
    with SnapshotFile(tmp_path / "again.keydiff") as file:
        assert len(file.array("tokens")) == file.description["tokens"]


def test_saving_without_a_store(settings: Settings, document: Path, tmp_path: Path) -> None:
    off = replace(settings, cache=False)
    with Reader(off) as reader:
        with pytest.raises(UsageError, match="nothing to save"):
            reader.save(tmp_path / "x")
        reader.read([str(document)])
        reader.save(tmp_path / "x")
        with pytest.raises(OSError, match="No such file"):
            reader.save(tmp_path / "missing" / "x")
    assert not (tmp_path / "cache").exists()
    with Reader(off) as reader:
        reader.load(tmp_path / "x")
        np.testing.assert_equal(reader.report.tokens["kept"], BUDGET)


def test_a_chat_goes_on_after_a_change_that_fails(
    settings: Settings, document: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat = Chat(settings, [str(document)])
    chat.start()
    chat.save("kept")
    answer = "".join(chat.say("My boat is called Gull. Say Gull."))
    turns, real = chat.turns, Conversation.replay

    def stop(*_: object) -> None:
        monkeypatch.setattr(Conversation, "replay", real)  # the way back is free
        raise KeyboardInterrupt

    def still_there() -> None:
        assert chat.turns == turns
        assert chat.settings == settings
        assert open_sessions(settings).load("kept").turns == turns

    for change in (
        lambda: chat.change(replace(settings, budget=300)),
        lambda: chat.add(str(SAMPLE / "facts.json")),
        lambda: list(chat.reread()),
    ):
        monkeypatch.setattr(Conversation, "replay", stop)
        with pytest.raises(KeyboardInterrupt):
            change()
        still_there()
    with pytest.raises(DocumentError):
        chat.add(str(tmp_path / "missing"))
    still_there()
    monkeypatch.setattr(Conversation, "say", stop)
    for again in (chat.retry, chat.reread):
        with pytest.raises(KeyboardInterrupt):
            list(again())
        still_there()
        monkeypatch.setattr(Conversation, "say", stop)
    monkeypatch.undo()
    assert "Gull" in "".join(chat.say("What is my boat called?"))
    document.unlink()
    with pytest.raises(DocumentError):
        chat.change(replace(settings, budget=300))
    assert "Gull" in "".join(chat.say("And what is my boat called?"))
    assert answer
    chat.close()


def test_reading_again_leaves_the_conversation_its_share(
    settings: Settings, document: Path
) -> None:
    """Also where a question with a short answer needs little room."""
    chat = Chat(replace(settings, max_tokens=4), [str(document)])
    chat.start()
    for number in range(12):
        "".join(chat.say(f"Tell me about quay {number}, and about the one beside it, too."))
    "".join(chat.reread())
    cache = chat._reader.cache
    assert cache is not None
    assert chat.report.cache["policy"] == "focus"
    rows = cache.pinned[0].rows
    for origin in cache.origin:
        for row in origin:
            assert np.count_nonzero((row >= 0) & (row < cache.pinned[0].stop)) == rows
    assert cache.context.cells - rows >= SHARE
    chat.close()


@pytest.mark.skipif(not POSIX, reason="needs named pipes")
def test_a_fifo_is_no_document_of_a_chat(settings: Settings, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    chat = Chat(settings, [str(tmp_path / "fifo")])
    with pytest.raises(UsageError, match="can be read only once"):
        chat.start()
