"""The same question to every part of what was read, by a tiny model: nothing of it is left."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from archived_readings import QUESTION, Heard, archives, same, settings_for, state, write
from gguf_files import tiny

from keydiff_cli.cache import Access, KVCache
from keydiff_cli.engine.views import Views
from keydiff_cli.llama import LlamaError
from keydiff_cli.reading.reader import Reader
from keydiff_cli.reading.surveying import Survey
from keydiff_cli.settings.config import Settings

MOST = 6


@pytest.fixture
def settings(tiny_path: Path, tmp_path: Path) -> Settings:
    return settings_for(tiny_path, tmp_path)


@pytest.fixture
def document(tmp_path: Path) -> Path:
    return write(tmp_path)  # of bytes, of which each is a token


def survey_of(reader: Reader) -> Survey:
    return Survey(reader.held, QUESTION, MOST)


def told(reader: Reader) -> tuple[object, ...]:
    """What the cache knows beside its cells."""
    cache = reader.held.cache
    return cache.tokens, cache.position, list(cache.pinned), cache.evicted, cache.used


@pytest.fixture
def reader(settings: Settings, document: Path) -> Iterator[Reader]:
    """Documents of which a tenth is kept, and the rest archived."""
    with Reader(settings) as reader:
        reader.read([document])
        yield reader


def test_every_part_is_asked_and_the_cache_is_as_it_was(reader: Reader) -> None:
    survey, before, known = survey_of(reader), state(reader), told(reader)
    assert len(survey.parts) > 2
    answers = list(survey.ask(survey.parts))
    assert told(reader) == known
    assert [answer.part for answer in answers] == survey.parts
    assert all(answer.text or answer.stop_reason == "eos" for answer in answers)
    same(before, state(reader))
    assert reader.ask(QUESTION) == reader.ask(QUESTION)
    again = list(survey.ask(survey.parts[1:2]))
    assert again == answers[1:2], "an answer depends on other parts"


@pytest.mark.parametrize("access", ["direct", "copy"])
def test_what_is_in_view_are_the_rows_that_were_read(
    settings: Settings, document: Path, monkeypatch: pytest.MonkeyPatch, access: Access
) -> None:
    opened = partial(KVCache, access=access)
    monkeypatch.setattr("keydiff_cli.engine.setup.KVCache", lambda context, **_: opened(context))
    with Reader(settings) as reader:
        reader.read([document])
        assert reader.held.cache.access == access
        before = state(reader)
        check_views(reader, monkeypatch)
        same(before, state(reader))


def check_views(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    archive, head, seen = reader.held.recaller.archive, reader.held.head, []
    show = Views.show
    assert archive is not None

    def look(self: Views, part: object) -> None:
        show(self, part)  # type: ignore[arg-type]
        cache = reader.held.cache
        start, stop = part.start, part.stop  # type: ignore[attr-defined]
        assert cache.used == head + stop - start
        rows = cache.rows.between(head + start, head + stop)
        for shown, stored in zip(rows, archive.rows(np.arange(start, stop)), strict=True):
            np.testing.assert_array_equal(shown, stored)
        seen.append(part)

    monkeypatch.setattr(Views, "show", look)
    survey = survey_of(reader)
    list(survey.ask(survey.parts))
    assert seen == survey.parts


@pytest.mark.parametrize("kv_type", ["f16", "q8_0"])
def test_of_a_whole_document_a_part_says_what_the_whole_says(
    settings: Settings, document: Path, kv_type: str
) -> None:
    document.write_text(document.read_text()[:700])
    settings = replace(settings, budget=1024, conversation=1024, kv_type=kv_type, max_tokens=MOST)
    with Reader(settings) as reader:
        reader.read([document])
        survey, before = survey_of(reader), state(reader)
        [answer] = survey.ask(survey.parts)
        assert answer.text == reader.ask(QUESTION)
        same(before, state(reader))


@pytest.mark.parametrize("change", [{"archive": "off"}, {"archive": "keys"}, {"windowed": True}])
def test_where_no_rows_are_stored_parts_are_read_again(
    settings: Settings, document: Path, tmp_path: Path, change: dict[str, object]
) -> None:
    if change.pop("windowed", False):
        model = tmp_path / "windowed.gguf"
        model.write_bytes(tiny(64))
        settings = replace(settings, model=str(model))
    settings = replace(settings, **change)  # type: ignore[arg-type]
    with Reader(settings) as reader:
        reader.read([document])
        survey, before = survey_of(reader), state(reader)
        answers = list(survey.ask(survey.parts))
        assert [answer.part for answer in answers] == survey.parts
        same(before, state(reader))


def test_a_damaged_archive_is_said_and_its_parts_are_read_again(
    settings: Settings, document: Path
) -> None:
    heard = Heard()
    with Reader(settings, heard) as reader:
        reader.read([document])
        [path] = archives(settings)
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
        survey, before = survey_of(reader), state(reader)
        assert len(list(survey.ask(survey.parts))) == len(survey.parts)
        same(before, state(reader))
    assert len([text for text in heard.warnings if "checksum" in text]) == 1


@pytest.mark.parametrize("stopped", [KeyboardInterrupt, LlamaError("no free cells"), None])
@pytest.mark.parametrize("where", ["show", "append"])
def test_a_survey_that_is_stopped_leaves_nothing(
    reader: Reader, monkeypatch: pytest.MonkeyPatch, stopped: BaseException | None, where: str
) -> None:
    """While a part is put into the cache, while it is asked about, or in between."""
    survey, before, known = survey_of(reader), state(reader), told(reader)
    asked = survey.ask(survey.parts)
    next(asked)
    if stopped is None:
        asked.close()
    else:

        def stop(*_: object, **__: object) -> None:
            raise stopped

        monkeypatch.setattr(*((Views, where, stop) if where == "show" else (KVCache, where, stop)))
        with pytest.raises(stopped if isinstance(stopped, type) else type(stopped)):
            next(asked)
    same(before, state(reader))
    assert told(reader) == known
