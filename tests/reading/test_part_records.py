"""What was said of parts: each is asked about once, also where it cannot be kept."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from archived_readings import Heard, settings_for, write

from keydiff_cli.reading.part_records import Kept, PartRecords
from keydiff_cli.reading.reader import Reader
from keydiff_cli.snapshots import open_store
from keydiff_cli.snapshots.notes import NoteRecord
from keydiff_cli.text.parts import cut_parts
from keydiff_cli.text.passages import Passage


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def reader(tiny_path: Path, tmp_path: Path, heard: Heard) -> Iterator[Reader]:
    with Reader(settings_for(tiny_path, tmp_path), heard) as reader:
        reader.read([write(tmp_path)])
        yield reader


class Asking:
    """Makes records of the parts of what was read, and knows of which it did."""

    def __init__(self, reader: Reader, question: str) -> None:
        store = open_store(reader.settings, reader.recorder.warn)
        self._records = PartRecords(reader.held, reader.recorder, store, question)
        self.parts = cut_parts(reader.corpus, 100)
        self.made: list[Passage] = []
        self.progress: list[tuple[int, int]] = []

    def _said(self, parts: list[Passage]) -> Generator[Kept | None, None, None]:
        for part in parts:
            self.made.append(part)
            yield None
            yield f"from {part.start}", ()

    def records(self) -> Generator[NoteRecord, None, None]:
        yield from filter(
            None,
            self._records.of(
                self.parts, self._said, lambda *numbers: self.progress.append(numbers)
            ),
        )


def test_a_part_is_asked_about_once_by_a_question(reader: Reader) -> None:
    first = Asking(reader, "who?")
    with closing(first.records()) as records:
        assert next(records).text == "from 0"
    again, other = Asking(reader, "who?"), Asking(reader, "why?")
    found = list(again.records())
    assert [(record.start, record.stop) for record in found] == [
        (part.start, part.stop) for part in again.parts
    ]
    assert again.made == again.parts[1:]
    count = len(again.parts)
    assert again.progress == [(number, count) for number in range(1, count)]
    list(other.records())
    assert other.made == other.parts


def test_what_cannot_be_kept_is_made_all_the_same(
    reader: Reader, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("keydiff_cli.snapshots.notes._private", full)
    asking = Asking(reader, "who?")
    assert len(list(asking.records())) == len(asking.parts) > 2
    assert heard.warnings == ["the notes cannot be kept: No space left on device"]
    assert list(asking.records())[-1].text == f"from {asking.parts[-1].start}"
    assert asking.made == asking.parts
