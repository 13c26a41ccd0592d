"""Notes on what was read: each part is asked about once, and what it does not say is left out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from archived_readings import QUESTION, Heard, same, settings_for, state, write

from keydiff_cli.cache import LostRowsError
from keydiff_cli.errors import KeydiffError, UsageError
from keydiff_cli.llama import LlamaError
from keydiff_cli.reading.reader import Reader
from keydiff_cli.reading.surveying import Survey, Surveyed
from keydiff_cli.settings.config import Settings
from keydiff_cli.talk.conversation import Conversation
from keydiff_cli.text.passages import Passage


@pytest.fixture
def settings(tiny_path: Path, tmp_path: Path) -> Settings:
    return settings_for(tiny_path, tmp_path)


@pytest.fixture
def document(tmp_path: Path) -> Path:
    return write(tmp_path)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Passage]:
    """The parts that the model was really asked about."""
    parts: list[Passage] = []
    real = Survey.steps

    def noticed(self: Survey, some: list[Passage]) -> Iterator[Surveyed | None]:
        with closing(real(self, some)) as steps:
            for surveyed in steps:
                parts.extend([] if surveyed is None else [surveyed.part])
                yield surveyed

    monkeypatch.setattr(Survey, "steps", noticed)
    return parts


def test_a_part_is_asked_about_once(
    settings: Settings, document: Path, asked: list[Passage]
) -> None:
    with Reader(settings) as reader:
        reader.read([document])
        before = state(reader)
        first = list(reader.notes())
        assert len(first) == len(asked) > 2
        same(before, state(reader))
        assert list(reader.notes()) == first
        assert reader.report.timing_s.notes > 0
    with Reader(settings) as reader:
        reader.read([document])
        assert list(reader.notes()) == first
    assert len(asked) == len(first)


def test_of_a_text_that_has_grown_the_new_parts_are(
    settings: Settings, document: Path, asked: list[Passage]
) -> None:
    with Reader(settings) as reader:
        reader.read([document])
        first = list(reader.notes())
    parts = list(asked)
    with document.open("a") as file:
        file.write("The lamp of the lighthouse was lit again in the autumn.\n" * 20)
    asked.clear()
    with Reader(settings) as reader:
        reader.read([document])
        grown = list(reader.notes())
    assert grown[: len(first) - 1] == first[:-1]
    assert asked[0].start == parts[-1].start
    assert len(asked) == len(grown) - len(first) + 1


def test_what_was_noted_when_it_was_stopped_is_kept(
    settings: Settings, document: Path, asked: list[Passage]
) -> None:
    with Reader(settings) as reader:
        reader.read([document])
        before, notes = state(reader), reader.notes()
        first = next(notes)
        notes.close()  # type: ignore[attr-defined]
        same(before, state(reader))
        again = list(reader.notes())
        assert again[0] == first
        assert len(asked) == len(again)


def test_without_a_snapshot_notes_last_as_long_as_what_was_read(
    settings: Settings, document: Path, tmp_path: Path, asked: list[Passage]
) -> None:
    with Reader(replace(settings, cache=False)) as reader:
        reader.read([document])
        notes = list(reader.notes())
        assert list(reader.notes()) == notes
        assert len(asked) == len(notes)
        reader.read([document])
        list(reader.notes())
        assert len(asked) == 2 * len(notes)
    assert not (tmp_path / "cache").exists()


def test_a_document_that_stays_whole_is_noted_once_whatever_may_stay(
    settings: Settings, document: Path, asked: list[Passage]
) -> None:
    for budget in (4096, 2048):
        with Reader(replace(settings, budget=budget)) as reader:
            reader.read([document])
            assert reader.held.intact
            notes = list(reader.notes())
    assert len(asked) == len(notes)


def test_a_part_is_where_it_is_whatever_a_damaged_file_says(
    settings: Settings, document: Path
) -> None:
    with Reader(settings) as reader:
        reader.read([document])
        notes = list(reader.notes())
        [path] = Path(settings.cache_dir or "").glob("*.notes")
        path.write_text(path.read_text().replace('"stop": ', '"stop": 9999'))
    with Reader(settings) as reader:
        reader.read([document])
        assert list(reader.notes()) == notes


def test_notes_that_cannot_be_kept_are_made_all_the_same(
    settings: Settings, document: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("keydiff_cli.snapshots.notes._private", full)
    heard = Heard()
    with Reader(settings, heard) as reader:
        reader.read([document])
        assert len(list(reader.notes())) > 2
    problem, unsupported = heard.warnings
    assert problem == "the notes cannot be kept: No space left on device"
    assert unsupported.startswith("nothing is noted of lines 1-2, lines 3-4, ")
    assert unsupported.endswith("lines 11-12 and 4 other parts")


def test_where_nothing_can_be_put_aside_it_says_so(
    settings: Settings, document: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("keydiff_cli.cache.aside.nameless_file", full)
    with Reader(settings) as reader:
        reader.read([document])
        before = state(reader)
        with pytest.raises(KeydiffError, match=r"no place for the \d.+ meanwhile: No space left"):
            list(reader.notes())
        same(before, state(reader))


def test_what_is_lost_is_held_no_more(
    settings: Settings, document: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Reader(settings) as reader:
        reader.read([document])
        notes = reader.notes()
        next(notes)

        def broken(*_: object) -> None:
            raise LlamaError("the device is gone")

        monkeypatch.setattr("keydiff_cli.cache.kv_cache.KVCache.load", broken)
        with pytest.raises(LostRowsError, match="has to be read again: the device is gone"):
            list(notes)
        assert reader.cache is None


def test_while_notes_are_made_nothing_else_is_asked(settings: Settings, document: Path) -> None:
    with Reader(settings) as reader:
        reader.read([document])
        answer, notes = reader.ask(QUESTION), reader.notes()
        next(notes)
        with pytest.raises(UsageError, match="notes are still being made"):
            reader.ask(QUESTION)
        with pytest.raises(UsageError, match="notes are still being made"):
            list(Conversation(reader).say(QUESTION))
        notes.close()  # type: ignore[attr-defined]
        assert reader.ask(QUESTION) == answer


def test_what_is_closed_meanwhile_is_not_put_back(settings: Settings, document: Path) -> None:
    with Reader(settings) as reader:
        reader.read([document])
        notes = reader.notes()
        next(notes)
        reader.read([document])
        before = state(reader)
        notes.close()  # type: ignore[attr-defined]
        same(before, state(reader))
        notes = reader.notes()
        next(notes)
    notes.close()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("said", "stop_reason", "noted", "left_out"),
    [
        ("The tower has 96 stairs. It was", "length", "The tower has 96 stairs.", ()),
        ("The tower has 96 stairs.", "length", "The tower has 96 stairs.", ()),
        ("- 96 stairs\n- 12 bells", "eos", "- 96 stairs", ("12 bells",)),
        ("It was", "length", "", ()),
        ("", "eos", "", ()),
    ],
)
def test_what_a_part_does_not_say_is_left_out(
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    said: str,
    stop_reason: str,
    noted: str,
    left_out: tuple[str, ...],
) -> None:
    document = tmp_path / "tower.txt"
    document.write_text("There are 96 stairs in the tower.")

    def steps(self: Survey, parts: list[Passage]) -> Iterator[Surveyed]:
        yield Surveyed(said, stop_reason, parts[0])  # type: ignore[arg-type]

    monkeypatch.setattr(Survey, "steps", steps)
    with Reader(settings) as reader:
        reader.read([document])
        [note] = reader.notes()
        warned = reader.report.warnings
    assert (note.text, note.left_out) == (noted, left_out)
    assert warned == (() if noted else ("nothing is noted of line 1",))
    assert (note.document, note.pages, note.lines) == ("tower.txt", None, (1, 1))


def test_of_several_documents_it_is_said_of_which_nothing_is_noted(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [tmp_path / name for name in ("tower.txt", "quay.txt")]
    for path in paths:
        path.write_text("It is old.")

    def steps(self: Survey, parts: list[Passage]) -> Iterator[Surveyed]:
        yield from (Surveyed("", "eos", part) for part in parts)

    monkeypatch.setattr(Survey, "steps", steps)
    with Reader(settings) as reader:
        reader.read(paths)
        list(reader.notes())
        warned = "nothing is noted of line 1 of tower.txt, line 1 of quay.txt"
        assert reader.report.warnings == (warned,)


def test_only_what_was_read_and_nothing_more_can_be_noted(
    settings: Settings, document: Path
) -> None:
    with Reader(settings) as reader:
        with pytest.raises(UsageError, match="nothing to ask about"):
            next(reader.notes())
        reader.read([document], stepwise=True)
        with pytest.raises(UsageError, match="there is more to read before it can be noted"):
            next(reader.notes())
        while reader.step():
            pass
        list(reader.stream(QUESTION, rewind=False))
        with pytest.raises(UsageError, match="a conversation has begun"):
            next(reader.notes())
        reader.read([document], quick=True)
        with pytest.raises(UsageError, match="were searched, not read"):
            next(reader.notes())
