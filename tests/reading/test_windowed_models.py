"""Models with sliding windows: layers that attend to everything give up rows, and get them back.

The model is made here, so that it can be asked in a moment; what it says means nothing.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from archived_readings import QUESTION, Heard, Stop, same, settings_for, state, write
from gguf_files import tiny
from numpy.typing import NDArray

from keydiff_cli.cache import KVCache
from keydiff_cli.cache.state import parse_state
from keydiff_cli.llama import Model, can_observe
from keydiff_cli.reading.reader import Reader
from keydiff_cli.settings.config import Settings
from keydiff_cli.talk.conversation import Conversation
from keydiff_cli.text.checking import Checked

WINDOW, BUDGET, RECALLED = 64, 256, 64
OTHER = "And which storehouse was painted?"
Bytes = NDArray[np.uint8]

pytestmark = pytest.mark.skipif(not can_observe(), reason="this llama.cpp shows no queries")


@pytest.fixture
def document(tmp_path: Path) -> Path:
    return write(tmp_path)  # of bytes, of which each is a token


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    model = tmp_path / "model.gguf"
    model.write_bytes(tiny(WINDOW))
    usual = settings_for(model, tmp_path)
    return replace(
        usual, budget=BUDGET, max_tokens=12, conversation=512, recall=RECALLED, second_look=200
    )


def windows(cache: KVCache, first: int) -> dict[int, Bytes]:
    """What the windowed layers hold of the positions from ``first`` on: keys, then values."""
    _, state = parse_state(cache.context.state())
    rows = np.concatenate(state.rows, axis=1)
    held = zip(state.positions.tolist(), rows, strict=True)
    return {position: row for position, row in held if position >= first}


def check_same(now: dict[int, Bytes], then: dict[int, Bytes]) -> None:
    assert sorted(now) == sorted(then)
    for position, row in then.items():
        np.testing.assert_array_equal(now[position], row)


def everything(reader: Reader) -> list[np.ndarray]:
    """All that the cache holds, byte for byte, its windows too."""
    assert reader.cache is not None
    return [*state(reader), reader.cache.image(copy=True).windowed]


def said(reader: Reader, question: str) -> tuple[str, float, int, int]:
    """An answer, how certain it was, and what it rests on."""
    answer, report = reader.ask(question), reader.report
    # llama.cpp adds up in float16, cell by cell, and puts windows into other cells.
    certainty = pytest.approx(report.certainty, rel=0.01)
    return answer, certainty, report.recall.tokens, len(report.second_look)


def test_rows_come_back_into_the_layers_that_attend_to_everything(
    settings: Settings, document: Path
) -> None:
    with Reader(settings) as reader:
        reader.read([document])
        cache, archive = reader.held.cache, reader.held.recaller.archive
        assert cache.context.model.window == WINDOW
        assert archive is not None
        assert len(cache.origin) == 2 < cache.context.model.layers
        kept = [set(heads[0].tolist()) for heads in cache.origin]
        stream = reader.stream(QUESTION)
        next(stream)
        image, head = cache.image(copy=True), reader.held.head
        for layer, (origin, had) in enumerate(zip(cache.origin, kept, strict=True)):
            documents = (origin[0] >= head) & (origin[0] < reader.held.end)
            cells = np.flatnonzero(documents & ~np.isin(origin[0], list(had)))
            assert RECALLED / 2 < len(cells) <= RECALLED
            cells = cells[np.argsort(origin[0, cells])]
            wanted = list(archive.rows(origin[0, cells].astype(np.int64) - head))
            for number in (layer, 2 + layer):  # keys, and values
                np.testing.assert_array_equal(list(image.rows)[number][cells], wanted[number])
        stream.close()  # type: ignore[attr-defined]


def test_looking_at_a_question_leaves_no_trace_in_the_windows(
    settings: Settings, document: Path
) -> None:
    """But for a token that no later one can see any more."""
    with Reader(settings) as reader:
        reader.read([document])
        cache = reader.held.cache
        question = cache.context.model.tokenize(QUESTION)
        assert len(question) < WINDOW
        first = cache.position - WINDOW + 1
        before = windows(cache, first)
        assert sorted(before) == list(range(first, cache.position))
        for _ in range(8):  # as often as goes once around the windows' cells, and more
            cache.look(question)
        check_same(windows(cache, first), before)


@pytest.mark.parametrize(("look", "length"), [(0, 12), (200, 12), (200, 1300)])
def test_after_an_answer_the_cache_is_as_it_was(
    look: int, length: int, settings: Settings, document: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also after one that makes room among its own tokens, and goes once around the windows."""
    monkeypatch.setattr(Model, "ends_answer", lambda *_: False)
    with Reader(replace(settings, second_look=look, max_tokens=length)) as reader:
        reader.read([document])
        assert (length > reader.held.cache.context.cells) == (length == 1300)
        before = everything(reader)
        assert reader.ask(QUESTION)
        assert reader.report.tokens.generated == length
        assert reader.report.recall.tokens == RECALLED
        assert bool(reader.report.second_look) == bool(look)
        same(before, everything(reader))


def test_questions_do_not_influence_each_other(settings: Settings, document: Path) -> None:
    with Reader(settings) as reader:
        reader.read([document])
        first, other = said(reader, QUESTION), said(reader, OTHER)
        assert other[:2] != first[:2]  # the model does attend to what it is asked
        assert said(reader, QUESTION) == first


def test_what_is_taken_up_answers_as_what_was_read(
    settings: Settings, document: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of it, or a part of it, in questions by themselves and in a conversation."""
    monkeypatch.setattr("keydiff_cli.snapshots.pace.SHARE", 1e9)  # a snapshot after each block
    answers, turns = [], []
    stopped = replace(settings, cache_dir=str(document.parent / "stopped"))
    with Reader(stopped, Stop(12)) as reader, pytest.raises(KeyboardInterrupt):
        reader.read([document])
    for used, note in (
        (settings, []),
        (settings, ["read before: all of it"]),
        (stopped, ["read before: the first 704 tokens"]),
    ):
        heard = Heard()
        with Reader(used, heard) as reader:
            reader.read([document])
            assert heard.notes == note
            answers.append([said(reader, question) for question in (QUESTION, OTHER)])
            conversation = Conversation(reader)
            turns.append(["".join(conversation.say(text)) for text in (QUESTION, OTHER)])
            assert reader.report.recall.tokens == RECALLED
            assert reader.report.second_look
    assert answers[1] == answers[2] == answers[0]
    assert turns[1] == turns[2] == turns[0]


def test_of_a_document_that_stays_whole_no_outline_is_made_but_by_reading_parts_again(
    settings: Settings, document: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    note = Checked("- It is so.", ())
    monkeypatch.setattr("keydiff_cli.reading.noting.checked", lambda text, facts: note)
    outline = replace(settings, budget=4000, conversation=1024, format="outline")
    no_effect = "format=outline has no effect: for notes each part would be read again"
    for notes, made in (("auto", False), ("on", True)):
        with Reader(replace(outline, notes=notes)) as reader:
            reader.read([document])
            assert reader.held.intact
            assert ("- It is so." in reader.ask("Summarize the document.")) == made
            warned = [text for text in reader.report.warnings if text.startswith(no_effect)]
            assert bool(warned) != made
