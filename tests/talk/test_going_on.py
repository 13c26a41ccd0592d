"""Going on with an answer that stopped at its length."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from cli_helpers import story
from fake_model import FakeLlama, FakeModel
from talk_helpers import asked, saved, say, stopping

from keydiff_cli.errors import UsageError
from keydiff_cli.reading.reader import Reader
from keydiff_cli.settings.config import Settings
from keydiff_cli.talk.chat import Chat
from keydiff_cli.talk.conversation import Conversation

QUESTION = "Was it Zoë who built the quay?"


def limit(reader: Reader, tokens: int) -> None:
    reader.settings = replace(reader.settings, max_tokens=tokens)


def go_on(talk: Chat | Conversation) -> str:
    return "".join(talk.go_on())


def test_an_answer_goes_on_to_its_end(conversation: Conversation, reader: Reader) -> None:
    limit(reader, 12)
    said = say(conversation, QUESTION)
    assert conversation.turns[-1].stop_reason == "length"
    assert go_on(conversation) == f"One? {QUESTION}"[len(said) :][:11]  # 12 bytes
    limit(reader, 600)
    go_on(conversation)
    assert conversation.turns[-1].answer == f"One? {QUESTION}"
    assert asked(conversation.turns) == ["One?", QUESTION]
    assert reader.report.answer == f"One? {QUESTION}"
    assert reader.report.stop_reason == "eos"
    assert 0 < reader.report.tokens.generated < len(QUESTION)
    assert say(conversation, "Why?") == f"One? {QUESTION} Why?"


def test_the_cache_is_as_after_one_long_answer(
    conversation: Conversation, reader: Reader, fake: FakeLlama
) -> None:
    say(conversation, QUESTION)
    whole = fake.cache.text()
    conversation.undo()
    limit(reader, 7)
    say(conversation, QUESTION)
    limit(reader, 600)
    go_on(conversation)
    assert fake.cache.text() == whole


def test_a_character_is_not_cut_where_an_answer_stops(
    conversation: Conversation, reader: Reader
) -> None:
    limit(reader, len("One? Was it Zo") + 1)  # half of the next character
    assert say(conversation, QUESTION).endswith("Zo\ufffd")
    limit(reader, 600)
    assert go_on(conversation).startswith("ë who")
    assert conversation.turns[-1].answer == f"One? {QUESTION}"


def test_there_may_be_nothing_to_continue(conversation: Conversation, reader: Reader) -> None:
    ended = "nothing to continue: the last answer came to its end"
    with pytest.raises(UsageError, match=ended):
        conversation.go_on()
    limit(reader, 3)
    say(conversation, "Two?")
    limit(reader, 600)
    say(conversation, "Three?")
    with pytest.raises(UsageError, match=ended):
        conversation.go_on()
    conversation.clear()
    with pytest.raises(UsageError, match="nothing to continue: nothing was said"):
        conversation.go_on()


def test_stopped_before_it_goes_on_the_answer_is_as_it_was(
    conversation: Conversation, reader: Reader, fake: FakeLlama
) -> None:
    limit(reader, 6)
    say(conversation, QUESTION)
    before = conversation.turns
    with stopping(fake.cache, 2):  # the question has gone through the model, the answer has not
        go_on(conversation)
    assert conversation.turns == before
    limit(reader, 600)
    go_on(conversation)
    assert conversation.turns[-1].answer == f"One? {QUESTION}"


def test_a_saved_chat_goes_on_with_its_last_answer(
    chat: Chat, settings: Settings, fake: FakeLlama
) -> None:
    chat.show_by(replace(chat.settings, max_tokens=9))
    say(chat, QUESTION)
    chat.close()
    resumed = Chat(settings)
    session, claim = resumed.sessions.resume("kept")
    resumed.start("kept", session, claim)
    assert go_on(resumed) == f"One? {QUESTION}"[9:]
    assert saved(resumed).turns[-1].answer == f"One? {QUESTION}"
    resumed.close()


def test_an_answer_goes_on_while_documents_are_read(
    fake: FakeLlama, settings: Settings, tmp_path: Path
) -> None:
    path = tmp_path / "long.txt"
    path.write_text(story(lines=100))
    chat = Chat(settings, [str(path)], stepwise=True)
    chat.start()
    chat.show_by(replace(settings, max_tokens=9))
    assert say(chat, QUESTION) + go_on(chat) == QUESTION[:17]  # 18 bytes
    assert chat.reading
    while chat.step():
        pass
    chat.show_by(settings)
    assert go_on(chat) == QUESTION[17:]
    assert say(chat, "Why?") == f"{QUESTION} Why?"
    chat.close()


def test_citations_are_those_of_the_whole_answer(
    fake: FakeLlama, settings: Settings, document: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = document.read_text()
    monkeypatch.setattr(FakeModel, "reply", staticmethod(lambda _: text[:150]))
    marks: list[int] = []

    with Reader(replace(settings, cite=True)) as reader:
        monkeypatch.setattr(reader._events, "cited", lambda found, several: marks.append(1))
        reader.read([str(document)])
        conversation = Conversation(reader)
        say(conversation, "What?")
        whole = reader.report.citations
        told, marks[:] = len(marks), []
        conversation.clear()
        limit(reader, 70)
        say(conversation, "What?")
        first = len(marks)
        limit(reader, 600)
        go_on(conversation)
        assert reader.report.citations == whole
        assert whole[-1].stop > 70
        assert len(marks) in (told, told + 1)  # a sentence that was cut is cited twice
        assert first < len(marks)


def test_a_question_that_was_stopped_too_early_has_no_answer_to_go_on_with(
    conversation: Conversation, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    limit(reader, 12)
    say(conversation, QUESTION)  # this answer could be gone on with
    with monkeypatch.context() as patch:
        patch.setattr(reader, "evidence", stopped)
        with pytest.raises(KeyboardInterrupt):
            say(conversation, "Why?")
    with pytest.raises(UsageError, match="no answer had begun; ask it again"):
        go_on(conversation)
    say(conversation, "Who?")
    assert go_on(conversation)
