"""A chat: documents, settings and a conversation that change; saved after every answer."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cli_helpers import POSIX
from fake_model import FakeLlama, FakeModel
from talk_helpers import Told, saved, say

from keydiff_cli.errors import DocumentError, UsageError
from keydiff_cli.report import Turn
from keydiff_cli.settings.config import Settings
from keydiff_cli.system import machine
from keydiff_cli.talk.chat import Chat
from keydiff_cli.talk.sessions import open_sessions


def test_every_answer_is_saved(
    chat: Chat, told: Told, settings: Settings, document: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "peak", lambda: 10**6 + len(told.texts))
    assert (chat.name, chat.files) == ("kept", [str(document)])
    assert say(chat, "Two?") == "One? Two?"
    session = saved(chat)
    assert session.turns == chat.turns
    assert [turn.question for turn in chat.turns] == ["One?", "Two?"]
    assert session.files == chat.files
    assert session.settings["budget"] == settings.budget
    assert 0 < chat.talked < settings.conversation
    report = chat.report
    assert report.answer == "One? Two?"
    assert 0 < report.timing_s.answer <= report.timing_s.total
    assert report.memory_bytes.peak == 10**6 + len(told.texts) > 10**6  # when all was said
    assert chat.undo() == Turn("Two?", "One? Two?", "eos")
    assert saved(chat).turns == chat.turns == [Turn("One?", "One?", "eos")]
    chat.clear()
    assert (len(saved(chat).turns), chat.turns, chat.name) == (1, [], None)
    assert chat.talked == 0


def test_what_is_left_of_a_stopped_answer_is_saved(chat: Chat) -> None:
    answer = chat.say("Two?")
    next(answer)
    answer.close()  # type: ignore[attr-defined]
    assert saved(chat).turns == chat.turns
    assert chat.turns[-1] == Turn("Two?", "O", "interrupted")


def test_a_chat_that_cannot_be_saved_goes_on(
    chat: Chat, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(type(chat.sessions), "save", full)
    assert say(chat, "Two?") == "One? Two?"
    assert told.warnings == ["the chat cannot be saved: No space left on device"]
    assert chat.report.warnings == tuple(told.warnings)
    chat.forget_warnings()
    assert chat.report.warnings == ()


def test_a_second_answer_is_by_chance_and_each_by_another_one(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    samplers: list[Any] = []
    real = chat._reader.answer

    def answer(asked: Any, sampler: Any = None, **options: Any) -> Any:
        samplers.append(sampler)
        return real(asked, sampler, **options)

    monkeypatch.setattr(chat._reader, "answer", answer)
    say(chat, "Two?")
    "".join(chat.retry())
    "".join(chat.retry())
    chat.change(replace(chat.settings, temperature=0.3, seed=5))
    "".join(chat.retry())
    given = [sampler and (sampler.temperature, sampler.seed) for sampler in samplers]
    assert given == [None, (0.7, 1), (0.7, 2), (0.3, 8)]
    assert [turn.question for turn in chat.turns] == ["One?", "Two?"]
    monkeypatch.setattr(FakeModel, "reply", staticmethod(lambda text: "Something else."))
    "".join(chat.retry())
    assert chat.turns[-1] == Turn("Two?", "Something else.", "eos")
    assert saved(chat).turns == chat.turns


def test_what_needs_something_says_so(
    fake: FakeLlama, settings: Settings, document: Path, tmp_path: Path
) -> None:
    chat = Chat(settings)
    with pytest.raises(UsageError, match="nothing was read yet"):
        say(chat, "Why?")
    assert (chat.turns, chat.talked, chat.name) == ([], 0, None)
    chat.start()
    with pytest.raises(UsageError, match="nothing to answer again"):
        list(chat.retry())
    with pytest.raises(UsageError, match="nothing to take back"):
        chat.undo()
    say(chat, "One?")
    short = tmp_path / "short.txt"
    short.write_text("Short.")
    chat.add(str(short))
    with pytest.raises(UsageError, match="is among the documents already"):
        chat.add(str(short))
    assert chat.files == [str(short)]
    assert say(chat, "Two?") == "One? Two?"
    chat.close()


@pytest.mark.skipif(not POSIX, reason="needs named pipes")
def test_a_fifo_is_no_document_of_a_chat(
    fake: FakeLlama, settings: Settings, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "fifo")
    chat = Chat(settings, [str(tmp_path / "fifo")])
    with pytest.raises(UsageError, match="can be read only once; save it to a file first"):
        chat.start()
    assert fake.caches == []


def test_a_change_goes_through_what_was_said(
    chat: Chat, fake: FakeLlama, settings: Settings, more: str
) -> None:
    chat.add(more)
    assert chat.files[1:] == saved(chat).files[1:] == [more]
    assert [document.name for document in chat.report.documents] == ["story.txt", "more.txt"]
    assert say(chat, "Two?") == "One? Two?"
    chat.change(replace(settings, budget=300, system="Be kind."))
    assert chat.settings.budget == saved(chat).settings["budget"] == 300
    assert fake.cache.text().startswith("<s><|system|>Be kind.<|end|>")
    assert say(chat, "Three?") == "One? Two? Three?"
    assert len(fake.caches) == 3
    assert FakeModel.opened == 1


def test_a_saved_chat_goes_on_in_place_of_another(
    chat: Chat, settings: Settings, more: str
) -> None:
    other = Chat(replace(settings, budget=300), [more])
    other.start()
    say(other, "Else?")
    other.save("other")
    with pytest.raises(UsageError, match="is open in another keydiff"):
        chat.load("other")
    other.close()
    chat.load("other")
    assert (chat.name, chat.files, chat.settings.budget) == ("other", [more], 300)
    assert say(chat, "And?") == "Else? And?"
    assert saved(chat).turns == [Turn("One?", "One?", "eos")]
    assert chat.sessions.load("other").turns == chat.turns
    open_sessions(settings).claim("kept").release()
    chat.load("other")  # once more, as it was saved
    assert say(chat, "Or?") == "Else? And? Or?"


def test_a_saved_chat_goes_on_with_a_document_that_has_moved(
    chat: Chat, settings: Settings, document: Path, more: str
) -> None:
    chat.close()
    moved = document.parent / "moved" / document.name
    moved.parent.mkdir()
    document.rename(moved)
    other = Chat(settings, [more])
    other.start()
    with pytest.raises(DocumentError, match="is not there any more; if it has moved"):
        other.load("kept")
    assert (other.files, other.name) == ([more], None)
    other.add(str(moved))
    other.load("kept")
    assert (other.files, other.name) == ([str(moved)], "kept")
    other.close()
    session, claim = open_sessions(settings).resume("kept")
    resumed = Chat(settings, [str(moved)])
    resumed.start("kept", session, claim)
    assert say(resumed, "Two?") == "One? Two?"
    assert saved(resumed).files == [str(moved)]
    resumed.close()


def test_a_saved_chat_is_started_with_more_documents(
    fake: FakeLlama, chat: Chat, settings: Settings, document: Path, more: str
) -> None:
    chat.close()
    session, claim = open_sessions(settings).resume("kept")
    resumed = Chat(settings, [more, str(document)])
    resumed.start("kept", session, claim)
    assert (resumed.name, resumed.files) == ("kept", [str(document), more])
    with pytest.raises(UsageError, match="is open in another keydiff"):
        open_sessions(settings).claim("kept")
    assert say(resumed, "Two?") == "One? Two?"
    assert saved(resumed).turns == resumed.turns
    resumed.close()
    open_sessions(settings).claim("kept").release()


def test_a_chat_that_cannot_start_leaves_its_name_to_others(
    fake: FakeLlama, chat: Chat, settings: Settings, document: Path
) -> None:
    chat.close()
    session, claim = open_sessions(settings).resume("kept")
    document.unlink()
    resumed = Chat(settings)
    with pytest.raises(DocumentError):
        resumed.start("kept", session, claim)
    resumed.close()
    assert resumed.name is None
    open_sessions(settings).claim("kept").release()


def test_the_path_of_a_model_is_saved_whole(
    chat: Chat, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    chat.change(replace(settings, model="./tiny.gguf"))
    assert saved(chat).settings["model"] == str(tmp_path / "tiny.gguf")


def test_a_chat_is_exported_once(chat: Chat, tmp_path: Path) -> None:
    path = tmp_path / "chat.md"
    chat.export(path)
    assert path.read_text() == "# Chat\n\n- story.txt\n\n## One?\n\nOne?\n"
    with pytest.raises(UsageError, match="exists already; take another name"):
        chat.export(path)
    with pytest.raises(UsageError, match="cannot be written: No such file"):
        chat.export(tmp_path / "missing" / "chat.md")
    with pytest.raises(UsageError, match=r"cannot be written: .*null"):
        chat.export(Path("a\0b"))


def test_an_export_that_fails_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("keydiff_cli.talk.markdown.as_markdown", fail)
    path = tmp_path / "chat.md"
    with pytest.raises(UsageError, match=r"chat\.md cannot be written: No space left on device"):
        Chat(Settings()).export(path)
    assert not path.exists()
