"""What the tests of conversations share: talking, and being interrupted while it goes on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import pytest
from fake_model import FakeLlama
from scripted_cache import FakeCache

from keydiff_cli.cache import KVCache, LostRowsError
from keydiff_cli.llama import LlamaError
from keydiff_cli.reading.recalling import Recaller
from keydiff_cli.report import Events, Turn
from keydiff_cli.talk.chat import Chat
from keydiff_cli.talk.conversation import Conversation
from keydiff_cli.talk.sessions import Session

LONG = "Tell me about the harbour, " * 5  # more than a batch of tokens


def say(talk: Chat | Conversation, text: str) -> str:
    """The answer of a chat or of a conversation."""
    return "".join(talk.say(text))


def asked(turns: list[Turn]) -> list[str]:
    """The questions of what was said."""
    return [turn.question for turn in turns]


def lost(cache: FakeCache | KVCache) -> bool:
    """Whether some of what was said was evicted."""
    document = cache.pinned[0]
    return cache.used - document.rows < cache.tokens - document.stop


def stop_at(cache: Any, batch: int) -> None:
    """Have a cache interrupt the run of a batch, counted from 1."""
    real, calls = cache.append, []

    def append(*words: Any, **options: Any) -> None:
        calls.append(words)
        if len(calls) == batch:
            raise KeyboardInterrupt
        real(*words, **options)

    cache.append = append


@contextmanager
def stopping(cache: Any, batch: int) -> Iterator[None]:
    """A run of a batch that the user interrupts."""
    stop_at(cache, batch)
    try:
        with pytest.raises(KeyboardInterrupt):
            yield
    finally:
        del cache.append


def lose_rows(monkeypatch: pytest.MonkeyPatch, question: int) -> None:
    """Have what was read get lost in the answer to a question, counted from 1."""
    real, asked = Recaller.recalled, count(1)

    @contextmanager
    def recalled(*words: Any) -> Iterator[Any]:
        with real(*words) as lifts:
            yield lifts
        if next(asked) == question:
            raise LostRowsError(LlamaError("the device is gone"))

    monkeypatch.setattr(Recaller, "recalled", recalled)


def fill(conversation: Conversation, fake: FakeLlama) -> None:
    """Talk until the next question has to push something out."""
    while fake.cache.free > 128:
        assert len(conversation.turns) < 50
        say(conversation, f"{len(conversation.turns)}?")


class Told(Events):
    """What a front end is told."""

    def __init__(self) -> None:
        self.warnings: list[str] = []
        self.texts: list[str] = []

    def warning(self, text: str) -> None:
        self.warnings.append(text)

    def text(self, text: str) -> None:
        self.texts.append(text)


def saved(chat: Chat) -> Session:
    """The chat as it is saved under the name of the fixture."""
    return chat.sessions.load("kept")
