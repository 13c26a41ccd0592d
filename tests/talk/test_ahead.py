"""Notes that a chat makes before they are asked for: they cost no answer anything but time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from archived_readings import QUESTION, Heard, same, settings_for, state, write
from cli_helpers import story
from talk_helpers import say

from keydiff_cli.cache import LostRowsError
from keydiff_cli.engine import views
from keydiff_cli.errors import UsageError
from keydiff_cli.llama import LlamaError
from keydiff_cli.report import Turn
from keydiff_cli.settings.config import Settings
from keydiff_cli.talk.chat import Chat
from keydiff_cli.text.checking import Checked

SUMMARIZE = "Summarize the document."
Open = Callable[..., Chat]


@pytest.fixture
def settings(tiny_path: Path, tmp_path: Path) -> Settings:
    settings = settings_for(tiny_path, tmp_path)
    chats = str(tmp_path / "chats")
    return replace(settings, second_look=400, conversation=1024, sessions_dir=chats)


@pytest.fixture
def supported(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each part support what is noted of it, whatever a model of random weights has said."""
    note = Checked("- It is so.", ())
    monkeypatch.setattr("keydiff_cli.reading.noting.checked", lambda text, facts: note)


@pytest.fixture
def opened(settings: Settings, tmp_path: Path) -> Iterator[Open]:
    """Opens a chat that has read a document; the settings may be others."""
    chats: list[Chat] = []
    document = write(tmp_path)
    document.write_text(story(lines=40))

    def opened(**changes: object) -> Chat:
        chat = Chat(replace(settings, **changes), [str(document)], Heard(), stepwise=True)  # type: ignore[arg-type]
        chats.append(chat)
        chat.start()
        while chat.reading:
            chat.step()
        return chat

    yield opened
    for chat in chats:
        chat.close()


def go_on(chat: Chat, steps: int) -> None:
    """Let notes be made, and stop before all are."""
    for _ in range(steps):
        assert chat.step()


def said_of_notes(chat: Chat) -> list[str]:
    """The warnings that are about notes."""
    return [text for text in chat.report.warnings if "note" in text]


def kept(settings: Settings) -> list[str]:
    """The notes that are on the disk."""
    paths = Path(settings.cache_dir or "").glob("*.notes")
    return [line for path in paths for line in path.read_text().splitlines() if line]


def test_answers_are_those_without_notes(opened: Open, settings: Settings) -> None:
    without = opened(notes="off")
    assert not without.unfinished
    assert not without.step()
    answers = [say(without, question) for question in ("One?", "Two?", QUESTION)]
    chat = opened()
    before, reader = state(without._reader), chat._reader
    assert chat.unfinished
    go_on(chat, 1)
    with pytest.raises(UsageError, match="notes are still being made"):
        reader.ask(QUESTION)
    said = []
    for question in ("One?", "Two?", QUESTION):
        said.append(say(chat, question))
        talked, count = chat.talked, len(kept(settings))
        while len(kept(settings)) == count:  # a note is made, and the next one begun
            go_on(chat, 1)
        go_on(chat, 4)
        assert chat.talked == talked > 0
    chat._discussion.ready()
    assert said == answers
    same(before, state(reader))
    assert chat.turns == without.turns


@pytest.mark.usefixtures("supported")
@pytest.mark.parametrize("cache", [True, False])
def test_a_summary_does_not_wait_for_them(
    opened: Open, settings: Settings, monkeypatch: pytest.MonkeyPatch, cache: bool
) -> None:
    """They are made once, whatever has stopped them, and whether they are on the disk or not."""
    chat = opened(cache=cache)
    go_on(chat, 3)
    say(chat, "Why?")
    while chat.step():
        pass
    assert not chat.unfinished
    lines = kept(settings)
    assert len(lines) == len(set(lines))
    assert bool(lines) == cache
    assert chat.report.notes == ()
    assert said_of_notes(chat) == []
    monkeypatch.setattr(views.Views, "show", lambda *_: pytest.fail("a part is noted again"))
    say(chat, SUMMARIZE)
    assert len(chat.report.notes) > 2
    assert kept(settings) == lines


@pytest.mark.usefixtures("supported")
def test_nor_for_notes_of_notes(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keydiff_cli.reading.condensing.MANY", 2)
    chat = opened()
    while chat.step():
        pass
    monkeypatch.setattr(views.Views, "show_text", lambda *_: pytest.fail("a group is noted again"))
    say(chat, SUMMARIZE)
    assert len(chat.report.notes) > 2
    assert len(chat.report.sentences) == 1, "of what all parts say"


@pytest.mark.parametrize(
    "change",
    [{"notes": "off"}, {"second_look": 0}, {"archive": "off"}, {"budget": 4096}],
    ids=lambda change: next(iter(change)),
)
def test_none_are_made_that_are_not_for_an_answer(opened: Open, change: dict[str, object]) -> None:
    chat = opened(**change)
    assert not chat.unfinished
    assert not chat.step()


def test_where_nothing_can_be_put_aside_only_a_question_that_needs_notes_says_so(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    chat = opened()
    with monkeypatch.context() as patch:
        patch.setattr("keydiff_cli.cache.aside.nameless_file", full)
        assert not chat.step()
        assert not chat.unfinished
        say(chat, QUESTION)
        assert said_of_notes(chat) == []
        say(chat, SUMMARIZE)
        assert "No space left" in "".join(said_of_notes(chat))


def test_what_goes_wrong_ends_them_and_not_the_chat(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise LlamaError("no free cells")

    chat = opened()
    before = state(chat._reader)
    go_on(chat, 1)
    with monkeypatch.context() as patch:
        patch.setattr("keydiff_cli.engine.answer.add_question", fail)
        with pytest.raises(LlamaError):
            chat.step()
    assert not chat.unfinished
    same(before, state(chat._reader))
    say(chat, QUESTION)


def test_what_cannot_be_brought_back_is_read_again(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose(*_: object) -> None:
        raise LostRowsError(LlamaError("the device is gone"))

    chat = opened()
    answer = say(chat, "One?")
    go_on(chat, 2)
    with monkeypatch.context() as patch:
        patch.setattr(views, "_restore", lose)
        with pytest.raises(LostRowsError):
            chat.say("Two?")
    assert not chat.unfinished
    say(chat, "Two?")
    assert chat.turns[0] == Turn("One?", answer, chat.turns[0].stop_reason)
    assert chat.unfinished


@pytest.mark.usefixtures("supported")
def test_what_else_is_read_has_notes_of_its_own(opened: Open, tmp_path: Path) -> None:
    chat = opened()
    go_on(chat, 2)
    more = tmp_path / "more.txt"
    more.write_text(story(lines=3))
    chat.add(str(more))
    assert chat.reading
    while chat.step():
        pass
    say(chat, SUMMARIZE)
    assert {note.document for note in chat.report.notes} == {"story.txt", "more.txt"}


@pytest.mark.model
def test_a_real_model_answers_as_without_notes(
    small_path: Path, settings: Settings, tmp_path: Path
) -> None:
    path = tmp_path / "long.txt"
    path.write_text(story(lines=12))
    more = {"model": str(small_path), "max_tokens": 4, "second_look": 192}
    questions = ["What was painted?", "And what is the secret password?"]
    turns = []
    for notes in ("off", "auto"):
        chat = Chat(replace(settings, **more, notes=notes), [str(path)], stepwise=True)  # type: ignore[arg-type]
        chat.start()
        while chat.reading:
            chat.step()
        assert chat.unfinished == (notes == "auto")
        for question in questions:
            if notes == "auto":
                go_on(chat, 8)
            say(chat, question)
        turns.append(chat.turns)
        chat.close()
    assert turns[0] == turns[1]
    assert all(turn.answer for turn in turns[0])
