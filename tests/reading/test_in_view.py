"""Parts in view, to be asked any number of questions: one does not change what another one says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from archived_readings import Heard, archives, same, settings_for, state, write
from gguf_files import tiny

from keydiff_cli.engine.views import NoViewError, Views
from keydiff_cli.reading.in_view import in_view, longest_in_view
from keydiff_cli.reading.reader import Reader
from keydiff_cli.settings.config import Settings
from keydiff_cli.text.parts import cut_parts
from keydiff_cli.text.passages import Passage

FIRST, SECOND = "Is it a tower?", "Is it a lamp?"


@pytest.fixture
def settings(tiny_path: Path, tmp_path: Path) -> Settings:
    return settings_for(tiny_path, tmp_path)


@pytest.fixture
def document(tmp_path: Path) -> Path:
    return write(tmp_path)  # of bytes, of which each is a token


def leanings(reader: Reader, *asked: tuple[Passage, str]) -> list[float]:
    with in_view(reader.held, lambda: True) as view:
        return [view.leaning(part, question) for part, question in asked]


@pytest.mark.parametrize("change", [{}, {"archive": "off"}, {"budget": 4096}, {"windowed": True}])
def test_a_question_finds_the_part_as_it_was(
    settings: Settings,
    document: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    change: dict[str, object],
) -> None:
    """Its rows are put into the cache once, but for a model that cannot go back."""
    windowed = change.pop("windowed", False)
    if windowed:
        model = tmp_path / "windowed.gguf"
        model.write_bytes(tiny(64))
        settings = replace(settings, model=str(model))
    shown = []
    show = Views.show
    monkeypatch.setattr(Views, "show", lambda self, part: (shown.append(part), show(self, part)))
    with Reader(replace(settings, **change)) as reader:  # type: ignore[arg-type]
        reader.read([document])
        before = state(reader)
        one, two, *_ = cut_parts(reader.corpus, 100)
        first, second, other, again = leanings(
            reader, (one, FIRST), (one, SECOND), (two, FIRST), (one, FIRST)
        )
        assert len(shown) == (4 if windowed else 3)
        assert first == again != other
        assert second == leanings(reader, (one, SECOND))[0] != first
        assert 0 < first < 1
        same(before, state(reader))


def test_a_damaged_archive_is_said_and_parts_are_read_again(
    settings: Settings, document: Path
) -> None:
    heard = Heard()
    with Reader(settings, heard) as reader:
        reader.read([document])
        [path] = archives(settings)
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
        before = state(reader)
        asked = [(part, FIRST) for part in cut_parts(reader.corpus, 100)]
        assert len(leanings(reader, *asked)) == len(asked)
        same(before, state(reader))
    assert len([text for text in heard.warnings if "checksum" in text]) == 1


def test_a_part_is_as_long_as_there_is_room_for(settings: Settings, document: Path) -> None:
    with Reader(replace(settings, conversation=512)) as reader:
        reader.read([document])
        cells = reader.held.cache.context.cells
        assert longest_in_view(reader.held, 100, FIRST) == 100
        assert longest_in_view(reader.held, cells, FIRST) == cells // 2
        with pytest.raises(NoViewError, match="no room for a question beside a part"):
            longest_in_view(reader.held, 100, "why? " * cells)


def test_what_comes_first_is_run_once_and_a_part_is_as_it_was(
    settings: Settings, document: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = []
    show = Views.show_text
    monkeypatch.setattr(
        Views, "show_text", lambda self, tokens: (shown.append(tokens), show(self, tokens))
    )
    with Reader(settings) as reader:
        reader.read([document])
        before, one = state(reader), cut_parts(reader.corpus, 100)[0]
        with in_view(reader.held, lambda: True) as view:
            part = view.leaning(one, FIRST)
            first = view.leaning_after("A tower.", FIRST)
            other = view.leaning_after("A lamp.", FIRST)
            assert view.leaning_after("A tower.", FIRST) == first != other
            assert view.leaning(one, FIRST) == part
        assert len(shown) == 2
        same(before, state(reader))
