"""A change of a chat that fails or is stopped: all is as before, and the chat goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fake_model import FakeLlama, FakeModel
from scripted_cache import FakeCache
from talk_helpers import saved, say

from keydiff_cli.errors import DocumentError, UsageError
from keydiff_cli.report import Turn
from keydiff_cli.settings.config import Settings
from keydiff_cli.talk.chat import Chat
from keydiff_cli.talk.sessions import Session, open_sessions


def reading(cache: FakeCache) -> None:
    """Ctrl-C while the document is read."""
    stop_at(cache, 3)


def taking_up(cache: FakeCache) -> None:
    """Ctrl-C while what was said goes through the model."""
    count = 0
    real = cache.pin

    def pin(start: int, stop: int) -> None:
        nonlocal count
        count += 1
        if count == 2:  # the first one is the head
            raise KeyboardInterrupt
        real(start, stop)

    cache.pin = pin  # type: ignore[method-assign]


def stop_at(cache: FakeCache, batch: int) -> None:
    real: Callable[..., None] = cache.append

    def append(*words: Any, **options: Any) -> None:
        if len(cache.batches) == batch:
            raise KeyboardInterrupt
        real(*words, **options)

    cache.append = append  # type: ignore[method-assign]


CHANGES: dict[str, Callable[[Chat, str], object]] = {
    "add": lambda chat, more: chat.add(more),
    "change": lambda chat, more: chat.change(replace(chat.settings, budget=300)),
    "load": lambda chat, more: chat.load("other"),
}


@pytest.mark.parametrize("ways_back", [0, 1, 2])
@pytest.mark.parametrize("stop", [reading, taking_up])
@pytest.mark.parametrize("change", CHANGES)
def test_a_change_that_fails_leaves_all_as_it_was(
    chat: Chat,
    fake: FakeLlama,
    settings: Settings,
    document: Path,
    more: str,
    change: str,
    stop: Callable[[FakeCache], None],
    ways_back: int,
) -> None:
    """The ways back may be stopped as well."""
    say(chat, "Two?")
    turns, session = chat.turns, saved(chat)
    chat.sessions.save("other", replace(session, turns=[*turns, Turn("Else?", "No.", "eos")]))
    left = 1 + ways_back

    def interrupt(cache: FakeCache) -> None:
        nonlocal left
        left -= 1
        if left >= 0:
            stop(cache)

    fake.change = interrupt
    with pytest.raises(KeyboardInterrupt) as stopped:  # with all that its frames still hold
        CHANGES[change](chat, more)
    for _ in range(ways_back - 1):
        with pytest.raises(KeyboardInterrupt):
            say(chat, "Never?")
    assert left == 0 or not ways_back
    assert chat.turns == turns
    assert chat.settings == settings
    assert chat.files == [str(document)]
    assert chat.name == "kept"
    assert saved(chat) == session
    open_sessions(settings).claim("other").release()  # it is free again
    fake.change = lambda cache: None
    assert say(chat, "Three?") == "One? Two? Three?"
    assert saved(chat).turns == chat.turns
    assert FakeModel.opened == 1
    assert stopped.type is KeyboardInterrupt


def test_a_chat_that_cannot_go_on_from_what_was_said_holds_nothing(
    fake: FakeLlama, settings: Settings, document: Path
) -> None:
    chat = Chat(settings, [str(document)])
    with pytest.raises(UsageError, match="of which at most"):
        chat.start(session=Session({}, [], [Turn("word " * 1000, "", "eos")]))
    assert chat.turns == []
    assert FakeModel.opened == 0
    chat.close()


def test_a_second_answer_that_is_stopped_before_it_begins_leaves_the_first(
    chat: Chat, fake: FakeLlama, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(chat, "Two?")
    turns, session = chat.turns, saved(chat)

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("keydiff_cli.engine.answer.Answer.__iter__", stop)
        with pytest.raises(KeyboardInterrupt):
            list(chat.retry())
    assert (chat.turns, saved(chat)) == (turns, session)
    assert say(chat, "Three?") == "One? Two? Three?"
    assert len(fake.caches) == 1


def test_what_is_found_out_before_reading_costs_nothing(
    chat: Chat, fake: FakeLlama, settings: Settings, document: Path, tmp_path: Path
) -> None:
    turns, session = chat.turns, saved(chat)
    with pytest.raises(DocumentError):
        chat.add(str(tmp_path / "missing"))
    with pytest.raises(UsageError, match="reads for a question"):
        chat.change(replace(settings, policy="focus"))
    document.unlink()
    with pytest.raises(DocumentError):
        chat.change(replace(settings, budget=300))
    with pytest.raises(UsageError, match="there is no chat 'missing'"):
        chat.load("missing")
    assert (chat.turns, chat.settings, saved(chat)) == (turns, settings, session)
    assert say(chat, "Two?") == "One? Two?"
    assert len(fake.caches) == 1
