"""A discussion whose documents are read step by step."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import pytest
from cli_helpers import story
from fake_model import FakeLlama, FakeModel
from talk_helpers import Told

from keydiff_cli.errors import DocumentError
from keydiff_cli.report import Progress
from keydiff_cli.settings.config import Settings
from keydiff_cli.talk.chat import Chat


class Noted(Told):
    """What a front end is told, with notes."""

    def __init__(self) -> None:
        super().__init__()
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


@pytest.fixture
def told() -> Noted:
    return Noted()


@pytest.fixture
def chat(fake: FakeLlama, settings: Settings, document: Path, told: Noted) -> Iterator[Chat]:
    """A chat that has begun to read a document."""
    chat = Chat(settings, [str(document)], told, stepwise=True)
    chat.start()
    yield chat
    chat.close()


def read_all(chat: Chat) -> None:
    while chat.step():
        pass


def test_a_question_waits_for_a_block_and_says_how_much_was_read(chat: Chat, told: Noted) -> None:
    assert chat.reading
    assert not chat.read
    assert "".join(chat.say("One?")) == "One?"
    assert chat.report.tokens.document == 64
    assert told.notes == ["read so far: 64 tokens, to line 1 of story.txt; more is being read"]
    assert chat.reading
    assert chat.talked == 0
    read_all(chat)
    assert not chat.reading
    assert chat.read
    assert chat.talked > 0  # what was said went through the model with the last step
    assert "".join(chat.say("Two?")) == "One? Two?"
    assert len(told.notes) == 1


def test_ctrl_c_while_a_block_is_waited_for_changes_nothing(
    chat: Chat, fake: FakeLlama, more: str
) -> None:
    read_all(chat)
    chat.add(more)
    real = fake.cache.append

    def append(*words: Any, **options: Any) -> None:
        real(*words, **options)
        signal.raise_signal(signal.SIGINT)

    fake.cache.append = append  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        chat.say("One?")
    fake.cache.append = real  # type: ignore[method-assign]
    assert len(chat.files) == 2
    assert chat.reading
    assert "".join(chat.say("One?")) == "One?"
    assert chat.reading
    read_all(chat)
    assert [document.name for document in chat.report.documents] == ["story.txt", "more.txt"]


def test_a_question_waits_for_the_text_that_passages_are_found_in(
    fake: FakeLlama, settings: Settings, tmp_path: Path
) -> None:
    """Also where a snapshot holds some of what is read."""
    long = tmp_path / "long.txt"
    long.write_text(story(lines=300))
    settings = replace(settings, second_look=256)
    chat = Chat(settings, [str(long)], stepwise=True)
    chat.start()
    chat._reader.recorder.block_read(Progress(64, 0, 0.0, None, 64, 256))
    assert not chat._reader.corpus.ended
    chat.say("One?").close()
    assert chat._reader.corpus.ended
    assert chat.reading
    chat.close()


def test_a_model_with_sliding_windows_answers_when_all_is_read(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeModel, "window", 64)
    assert "".join(chat.say("One?")) == "One?"
    assert not chat.reading


def test_changes_are_read_step_by_step_too(chat: Chat, fake: FakeLlama, more: str) -> None:
    "".join(chat.say("One?"))
    chat.add(more)
    assert chat.reading
    assert len(fake.caches) == 2
    chat.change(replace(chat.settings, budget=300))
    assert chat.reading
    read_all(chat)
    assert [document.name for document in chat.report.documents] == ["story.txt", "more.txt"]
    assert "".join(chat.say("Two?")) == "One? Two?"


def test_a_change_that_cannot_be_read_leaves_what_was_read_before(
    chat: Chat, fake: FakeLlama, document: Path, more: str
) -> None:
    def fail(*_: object, **__: object) -> NoReturn:
        raise DocumentError("page 7 is damaged")

    read_all(chat)
    "".join(chat.say("One?"))
    chat.add(more)
    fake.cache.append = fail  # type: ignore[method-assign]
    with pytest.raises(DocumentError, match="page 7"):
        read_all(chat)
    assert chat.files == [str(document)]
    assert chat.reading
    read_all(chat)
    assert "".join(chat.say("Two?")) == "One? Two?"


def test_after_a_first_reading_that_failed_it_is_read_again_for_a_question(
    fake: FakeLlama, settings: Settings, tmp_path: Path
) -> None:
    long = tmp_path / "long.txt"
    text = story(lines=300)
    long.write_text(text)
    chat = Chat(settings, [str(long)], stepwise=True)
    chat.start()
    long.write_text("Short.")
    with pytest.raises(DocumentError, match=r"long\.txt"):
        read_all(chat)
    assert not chat.reading
    assert not chat.read
    long.write_text(text)
    assert "".join(chat.say("One?")) == "One?"
    assert chat.read
    chat.close()
