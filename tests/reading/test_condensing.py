"""Notes of notes: any number of them ends in few, each of which its notes support."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from archived_readings import same, settings_for, state, write

from keydiff_cli.reading.condensing import Condensing
from keydiff_cli.reading.reader import Reader
from keydiff_cli.reading.surveying import Said, Survey
from keydiff_cli.report import Events
from keydiff_cli.settings.config import Settings
from keydiff_cli.snapshots import open_store
from keydiff_cli.text.places import Note

NOTES = [Note("a.pdf", (n, n), (1, 9), f"Quay {n} has {n + 30} boats.", ()) for n in range(1, 8)]
OTHERS = [Note("b.txt", None, (n, n), f"Tower {n} is old.", ()) for n in range(1, 4)]


@pytest.fixture
def settings(tiny_path: Path, tmp_path: Path) -> Settings:
    return settings_for(tiny_path, tmp_path)


@pytest.fixture
def reader(settings: Settings, tmp_path: Path) -> Iterator[Reader]:
    with Reader(settings) as reader:
        reader.read([write(tmp_path)])
        yield reader


def condensing(reader: Reader) -> Condensing:
    store = open_store(reader.settings, lambda text: None)
    return Condensing(reader.held, reader.recorder, store, lambda: True)


def condensed(reader: Reader, notes: list[Note]) -> list[Note]:
    """What some notes come to in the end."""
    [few] = [step for step in condensing(reader).steps(notes) if step is not None]
    return few


@pytest.fixture
def texts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is asked about; few are two, and each says what its first two lines do, and a lie."""
    asked: list[str] = []

    def text_steps(self: Survey, some: Iterator[str]) -> Generator[Said | None, None, None]:
        for text in some:
            asked.append(text)
            yield None
            yield Said(f"{text.splitlines()[1]} It cost $500,000.", "eos")

    monkeypatch.setattr(Survey, "text_steps", text_steps)
    monkeypatch.setattr("keydiff_cli.reading.condensing.MANY", 2)
    return asked


def test_groups_are_noted_until_they_are_few(reader: Reader, texts: list[str]) -> None:
    notes = condensed(reader, NOTES)
    assert [note.pages for note in notes] == [(1, 3), (4, 7)]
    assert [note.text for note in notes] == ["Quay 1 has 31 boats.", "Quay 4 has 34 boats."]
    assert notes[0].left_out == ("It cost $500,000.",)
    assert texts[0] == "[page 2]\nQuay 2 has 32 boats.\n\n[page 3]\nQuay 3 has 33 boats."
    assert texts[-1].startswith("[pages 4-5]\nQuay 4 has 34 boats."), "a note of notes"


def test_what_is_few_stays_and_documents_stay_apart(reader: Reader, texts: list[str]) -> None:
    assert condensed(reader, NOTES[:2]) == NOTES[:2]
    empty = replace(NOTES[2], text="")
    assert condensed(reader, [*NOTES[:2], empty]) == NOTES[:2]
    assert not texts
    notes = condensed(reader, [NOTES[0], *OTHERS])
    assert [(note.document, note.lines) for note in notes] == [("a.pdf", (1, 9)), ("b.txt", (1, 3))]
    three = [NOTES[0], OTHERS[0], replace(NOTES[0], document="c.pdf")]
    assert [note.document for note in condensed(reader, three)] == [
        "a.pdf", "b.txt", "c.pdf",
    ]  # fmt: skip


def test_a_group_is_asked_about_once(reader: Reader, texts: list[str]) -> None:
    first = condensed(reader, NOTES)
    asked = len(texts)
    assert condensed(reader, NOTES) == first
    assert len(texts) == asked > 2


def test_it_can_be_stopped_between_tokens_and_goes_on_with_the_next_group(
    reader: Reader, texts: list[str]
) -> None:
    steps = condensing(reader).steps(NOTES)
    while len(texts) < 2:
        assert next(steps) is None
    steps.close()
    *before, notes = condensing(reader).steps(NOTES)
    assert notes == condensed(reader, NOTES)
    assert set(before) == {None}
    assert texts.count(texts[0]) == 1
    assert texts.count(texts[1]) == 2, "it was stopped in the middle of it"


def test_the_model_is_asked_and_the_cache_is_as_before(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("keydiff_cli.reading.condensing.MANY", 2)
    before = state(reader)
    notes = condensed(reader, NOTES)
    assert [note.pages for note in notes] == [(1, 3), (4, 7)]
    assert all(note.text for note in notes), "of the first note where nothing is supported"
    same(before, state(reader))


def test_notes_of_notes_that_cannot_be_kept_are_made_all_the_same(
    reader: Reader, texts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("keydiff_cli.snapshots.notes._private", full)
    assert [note.pages for note in condensed(reader, NOTES)] == [(1, 3), (4, 7)]
    assert "the notes cannot be kept: No space left on device" in reader.report.warnings


def test_the_cache_is_as_before_when_it_is_stopped(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("keydiff_cli.reading.condensing.MANY", 2)
    monkeypatch.setattr("keydiff_cli.reading.condensing.checked", stopped)
    over: list[bool] = []
    monkeypatch.setattr(Events, "reading_over", lambda self: over.append(True))
    before = state(reader)
    with pytest.raises(KeyboardInterrupt) as error:  # which holds what was not ended
        condensed(reader, NOTES)
    same(before, state(reader))
    assert over, "the progress is shown no more"
    del error
