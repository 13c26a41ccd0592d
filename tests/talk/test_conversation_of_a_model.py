"""Conversations in the cache of a model: what it knows, what stays, what is taken back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_helpers import story
from talk_helpers import asked, lost, say, stopping

from keydiff_cli.errors import UsageError
from keydiff_cli.reading.reader import Reader
from keydiff_cli.report import Turn
from keydiff_cli.settings.config import Settings
from keydiff_cli.talk.conversation import Conversation

pytestmark = pytest.mark.model
SHARE = 128
QUESTION = "What is the secret password of the harbour?"
GULL = "My boat is called Gull. Say Gull."
BOAT = "What is my boat called?"


@pytest.fixture(scope="module")
def real_settings(small_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("conversation")
    (folder / "story.txt").write_text(story(lines=20))
    return Settings(
        model=str(small_path),
        budget=256,
        block=64,
        max_tokens=10,
        conversation=SHARE,
        threads=2,
        cache_dir=str(folder),
        archive="off",
        second_look=0,
    )


@pytest.fixture(scope="module")
def real_document(real_settings: Settings) -> str:
    return str(Path(str(real_settings.cache_dir)) / "story.txt")


@pytest.fixture(scope="module")
def shared_reader(real_settings: Settings, real_document: str) -> Iterator[Reader]:
    with Reader(real_settings) as reader:
        reader.read([real_document])
        yield reader


@pytest.fixture
def real_reader(shared_reader: Reader) -> Reader:
    """A reader that has read the document, and holds no conversation."""
    shared_reader.reread()
    return shared_reader


def held(reader: Reader) -> list[set[int]]:
    """The tokens that each head holds."""
    assert reader.cache is not None
    return [set(row[row >= 0].tolist()) for origin in reader.cache.origin for row in origin]


def test_a_conversation_knows_what_was_said(
    real_reader: Reader, real_settings: Settings, real_document: str
) -> None:
    """It knows the same of it when it is taken up elsewhere, and nothing of it beforehand."""
    conversation = Conversation(real_reader)
    before = say(conversation, BOAT)
    assert "gull" not in before.lower()
    conversation.clear()
    say(conversation, GULL)
    answer = say(conversation, BOAT)
    assert "gull" in answer.lower()  # some machines have it in capitals
    assert asked(conversation.turns) == [GULL, BOAT]
    assert 0 < conversation.tokens < SHARE
    with pytest.raises(UsageError, match="a conversation has begun"):
        real_reader.save("never-written")
    with Reader(real_settings) as other:
        other.read([real_document])
        tokens = other.report.tokens
        assert 0 < tokens.reused == tokens.document
        again = Conversation(other)
        assert say(again, BOAT) == before
        again.clear()
        again.replay(conversation.turns[:1])
        assert say(again, BOAT) == answer
        assert again.tokens == conversation.tokens


def test_many_turns_push_out_neither_the_document_nor_what_was_said_first(
    real_reader: Reader,
) -> None:
    cache = real_reader.cache
    assert cache is not None
    document = held(real_reader)
    conversation = Conversation(real_reader)
    say(conversation, "Hello.")
    start = cache.tokens
    say(conversation, "My boat is called Gull, and it lies at quay nine.")
    second = set(range(start + 8, start + 20))  # the middle of what was said, at the least
    turns = 2
    while turns < 10 or not lost(cache):
        turns += 1
        say(conversation, f"Tell me about quay {turns}.")
        assert cache.used <= cache.context.cells
    assert len(conversation.turns) == turns < 40
    assert cache.tokens > start + turns * 15
    latest = set(range(cache.tokens - 20, cache.tokens))
    for before, now in zip(document, held(real_reader), strict=True):
        assert len(now) == cache.used
        assert before <= now
        assert second <= now
        assert latest <= now
    assert cache.pinned[0].rows == len(document[0])
    assert sum(pin.rows for pin in cache.pinned[1:]) <= SHARE // 2


@pytest.mark.parametrize("evicting", [False, True])
def test_undo_goes_back_in_the_cache_of_a_model(real_reader: Reader, evicting: bool) -> None:
    """If the turn evicted rows, the documents come from the snapshot once more."""
    conversation = Conversation(real_reader)
    cache = real_reader.cache
    assert cache is not None
    say(conversation, "Hello.")
    while evicting and cache.free > 60:
        conversation.replay([Turn("Why?", "Because of the tide. " * 8, "length")])
    before, evicted, turns = cache.position, cache.evicted, conversation.turns
    answer = say(conversation, QUESTION * (1 + 4 * evicting))
    assert (cache.evicted > evicted) == evicting
    stopped = real_reader.report.stop_reason
    assert conversation.undo().answer == answer
    assert stopped in ("eos", "length")
    assert conversation.turns == turns
    assert (real_reader.cache is cache) == (not evicting)
    assert real_reader.cache is not None
    assert abs(real_reader.cache.position - before) <= len(turns)  # answers may be cut anew
    tokens = real_reader.report.tokens
    assert 0 < tokens.reused == tokens.document
    if not evicting:
        assert say(conversation, QUESTION) == answer
    conversation.clear()
    assert (conversation.turns, conversation.tokens) == ([], 0)


@pytest.mark.parametrize("batch", [1, 2])
def test_stopped_in_a_question_the_cache_of_a_model_is_as_before(
    real_reader: Reader, batch: int
) -> None:
    conversation = Conversation(real_reader)
    say(conversation, "Hello.")
    cache = real_reader.cache
    assert cache is not None
    position, pinned, rows = cache.position, list(cache.pinned), held(real_reader)
    with stopping(cache, batch):
        say(conversation, "Tell me about the harbour, " * 15)
    assert real_reader.cache is cache
    assert (cache.position, cache.pinned, held(real_reader)) == (position, pinned, rows)
    assert asked(conversation.turns) == ["Hello."]
    assert say(conversation, "Hello again.")
