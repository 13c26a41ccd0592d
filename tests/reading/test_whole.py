"""A question about the whole is answered from notes on all parts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from archived_readings import QUESTION, same, settings_for, state, write

from keydiff_cli.reading.reader import Reader
from keydiff_cli.reading.whole import notes_within
from keydiff_cli.settings.config import Settings
from keydiff_cli.talk.conversation import Conversation
from keydiff_cli.text.checking import Checked
from keydiff_cli.text.places import Note

SUMMARIZE = "Summarize the document."
NOTES = [
    Note("a.pdf", (1, 2), (1, 9), "- Nine quays.\n- Two boats.\n- A lamp.", ()),
    Note("a.pdf", (3, 3), (1, 9), "", ("Ten quays.",)),
    Note("a.pdf", (4, 6), (1, 9), "- 96 stairs.", ()),
    Note("a.pdf", (7, 7), (1, 9), "- 12 bells.\n- A clock.", ()),
]


def within(room: int, notes: list[Note] = NOTES) -> list[str]:
    """The lines that are shown of notes in so many characters."""
    text = notes_within(notes, len, room)
    assert len(text) <= room
    return [line for line in text.splitlines() if line][1:]


def test_of_each_note_as_many_lines_are_shown_as_there_is_room_for() -> None:
    every = [
        "[pages 1-2]", "- Nine quays.", "- Two boats.", "- A lamp.", "[pages 4-6]", "- 96 stairs.",
        "[page 7]", "- 12 bells.", "- A clock.",
    ]  # fmt: skip
    size = len(notes_within(NOTES, len, 1000))
    assert within(size) == every
    assert within(size - 1) == [*every[:3], *every[4:]]
    short = [replace(note, text=note.text.partition("\n")[0]) for note in NOTES]
    first = len(notes_within(short, len, 1000))
    assert within(first - 1) == ["[pages 1-2]", "- Nine quays.", "[page 7]", "- 12 bells."]
    assert within(80) == ["[pages 1-2]", "- Nine quays."]
    assert within(30) == []
    assert within(100, [NOTES[1]]) == []


def test_of_several_documents_each_note_names_its_own() -> None:
    two = [NOTES[0], replace(NOTES[2], document="b.txt", pages=None)]
    assert [line for line in within(500, two) if line.startswith("[")] == [
        "[a.pdf, pages 1-2]",
        "[b.txt, lines 1-9]",
    ]


# With a model -----------------------------------------------------------------------------------


@pytest.fixture
def supported(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each part support what is noted of it, whatever a model of random weights has said."""
    note = Checked("- It is so.", ())
    monkeypatch.setattr("keydiff_cli.reading.noting.checked", lambda text, facts: note)


@pytest.fixture
def settings(tiny_path: Path, tmp_path: Path) -> Settings:
    return replace(settings_for(tiny_path, tmp_path), second_look=400, conversation=1024)


@pytest.mark.usefixtures("supported")
@pytest.mark.parametrize(
    ("question", "more", "noted"),
    [
        (SUMMARIZE, {}, True),
        (QUESTION, {}, False),
        (SUMMARIZE, {"notes": "off"}, False),
        (SUMMARIZE, {"archive": "off"}, False),
        (SUMMARIZE, {"archive": "off", "notes": "on"}, True),
        (SUMMARIZE, {"budget": 4000}, False),
        (SUMMARIZE, {"second_look": 0}, False),
    ],
)
def test_only_a_question_about_a_whole_that_is_not_there_needs_notes(
    settings: Settings, tmp_path: Path, question: str, more: dict[str, object], noted: bool
) -> None:
    document = write(tmp_path)
    with Reader(replace(settings, **more)) as reader:  # type: ignore[arg-type]
        reader.read([document])
        before = state(reader)
        first = reader.ask(question)
        assert bool(reader.report.notes) == noted
        assert reader.report.recall.tokens == 0 or not noted
        same(before, state(reader))
        assert reader.ask(question) == first
        reader.ask(QUESTION)
        assert not reader.report.notes, "those of the question before"


def test_where_no_note_is_supported_it_is_answered_like_any_other(
    settings: Settings, tmp_path: Path
) -> None:
    with Reader(settings) as reader:
        reader.read([write(tmp_path)])
        answer = reader.ask(SUMMARIZE)
        assert not any(note.text for note in reader.report.notes)
        reader.settings = replace(settings, notes="off")
        assert reader.ask(SUMMARIZE) == answer


def test_where_no_part_can_be_in_view_it_is_answered_like_any_other(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with Reader(settings) as reader:
        reader.read([write(tmp_path)])
        monkeypatch.setattr("keydiff_cli.cache.aside.nameless_file", full)
        answer = reader.ask(SUMMARIZE)
        (warning,) = [text for text in reader.report.warnings if "from notes" in text]
        assert warning.endswith(" that the cache holds meanwhile: No space left on device")
        reader.settings = replace(settings, notes="off")
        assert reader.ask(SUMMARIZE) == answer


def test_notes_that_are_asked_for_but_have_no_room_are_said_to_be_missing(
    settings: Settings, tmp_path: Path
) -> None:
    with Reader(replace(settings, notes="on", second_look=0)) as reader:
        reader.read([write(tmp_path)])
        reader.ask(SUMMARIZE)
        assert "no notes come before the question: the second look is off" in reader.report.warnings


def test_before_all_is_read_there_are_no_notes(settings: Settings, tmp_path: Path) -> None:
    with Reader(settings) as reader:
        reader.read([write(tmp_path)], stepwise=True)
        reader.step()
        reader.ask(SUMMARIZE)
        assert not reader.report.notes


@pytest.mark.usefixtures("supported")
def test_in_a_conversation_too(settings: Settings, tmp_path: Path) -> None:
    """After a question that has left its rows in the cache, which are there again."""
    with Reader(settings) as reader:
        reader.read([write(tmp_path)])
        conversation = Conversation(reader)
        list(conversation.say(QUESTION))
        before = state(reader)
        list(conversation.say(SUMMARIZE))
        assert reader.report.notes
        conversation.undo()
        same(before, state(reader))


@pytest.mark.usefixtures("supported")
def test_what_is_asked_next_can_lean_on_it(settings: Settings, tmp_path: Path) -> None:
    """It goes through the model then, as it was given."""
    with Reader(settings) as reader:
        reader.read([write(tmp_path)])
        conversation = Conversation(reader)
        text = "".join(conversation.say(SUMMARIZE))
        assert [turn.answer for turn in conversation.turns] == [text]
        assert conversation.tokens == 0
        list(conversation.say_again())
        assert len(conversation.turns) == 1
        list(conversation.say(QUESTION))
        assert len(conversation.turns) == 2
        turns = conversation.turns
    with Reader(settings) as reader:
        reader.read([write(tmp_path)])
        again = Conversation(reader)
        again.replay(turns[:1])
        list(again.say(QUESTION))
        assert again.turns == turns


def test_of_a_whole_document_each_sentence_is_checked(settings: Settings, tmp_path: Path) -> None:
    with Reader(replace(settings, budget=4000)) as reader:
        reader.read([write(tmp_path)])
        text = reader.ask(SUMMARIZE)
        report = reader.report
        assert report.answer == text != ""
        assert not report.notes
        said = [sentence.text for sentence in report.sentences]
        assert all(sentence in text for sentence in said)
        assert said or "[not in the document: " in text
        assert report.stop_reason == "length"
        assert any("stopped after" in warning for warning in report.warnings)
        reader.settings = replace(settings, notes="off")
        reader.ask(SUMMARIZE)
        assert reader.report.sentences == ()
