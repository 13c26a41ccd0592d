"""Notes of many notes are made as a summary needs them, and remembered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from archived_readings import settings_for, write

from keydiff_cli.engine.views import Views
from keydiff_cli.reading.reader import Reader
from keydiff_cli.text.places import Note

NOTES = [Note("a.pdf", (n, n), (1, 9), f"Quay {n} has {n + 30} boats.", ()) for n in range(1, 20)]
EMPTY = Note("a.pdf", (20, 20), (1, 9), "", ())


@pytest.fixture
def reader(tiny_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reader]:
    monkeypatch.setattr("keydiff_cli.reading.condensing.MANY", 2)
    with Reader(replace(settings_for(tiny_path, tmp_path), cache=False)) as reader:
        reader.read([write(tmp_path)])
        yield reader


def test_how_many_are_too_many_depends_on_the_length_of_a_summary(reader: Reader) -> None:
    reader.settings = replace(reader.settings, length="long")
    assert reader.condensed(NOTES) is NOTES
    assert reader.condensed(NOTES[:16], 240) == NOTES[:16]
    reader.settings = replace(reader.settings, length="short")
    first, second = reader.condensed(NOTES[:4])
    assert (first.pages, second.pages) == ((1, 2), (3, 4))


def test_they_are_made_once_also_where_nothing_is_kept(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = reader.condensed([*NOTES[:5], EMPTY], 0)
    assert few[-1] == EMPTY, "that nothing is said of it stays known"
    monkeypatch.setattr(Views, "show_text", lambda *_: pytest.fail("a group is noted again"))
    assert reader.condensed([*NOTES[:5], EMPTY], 0) == few
