"""What the tests of talking share: a fake llama.cpp, a document, and settings to read it by."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_model import FakeLlama
from fake_readings import document, fake, settings
from talk_helpers import Told, say

from keydiff_cli.reading.reader import Reader
from keydiff_cli.settings.config import Settings
from keydiff_cli.talk.chat import Chat
from keydiff_cli.talk.conversation import Conversation

__all__ = ["document", "fake", "settings"]  # fixtures


@pytest.fixture
def reader(fake: FakeLlama, settings: Settings, document: Path) -> Iterator[Reader]:
    with Reader(settings) as reader:
        reader.read([str(document)])
        yield reader


@pytest.fixture
def conversation(reader: Reader) -> Conversation:
    """A conversation of one turn."""
    conversation = Conversation(reader)
    assert say(conversation, "One?") == "One?"
    return conversation


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def chat(fake: FakeLlama, settings: Settings, document: Path, told: Told) -> Iterator[Chat]:
    """A chat that has read a document, is saved, and has one turn."""
    chat = Chat(settings, [str(document)], told)
    chat.start()
    chat.save("kept")
    assert say(chat, "One?") == "One?"
    yield chat
    chat.close()


@pytest.fixture
def more(tmp_path: Path) -> str:
    """Another document."""
    path = tmp_path / "more.txt"
    path.write_text("The dock in the north was deepened in 1903.\n" * 8)
    return str(path)
