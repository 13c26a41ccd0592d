"""A map of what a reader holds, and of what a question would look at."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from archived_readings import QUESTION, Heard, same, settings_for, state, write

from keydiff_cli.reading.mapping import map_of, shares_of
from keydiff_cli.reading.reader import Reader
from keydiff_cli.settings.config import Settings
from keydiff_cli.text.stretches import Stretch


@pytest.fixture
def settings(tiny_path: Path, tmp_path: Path) -> Settings:
    return replace(settings_for(tiny_path, tmp_path), second_look=300)


def test_shares_by_hand() -> None:
    parts = [Stretch(0, 2, "", None, None), Stretch(2, 6, "", None, None)]
    layers = [np.array([[0, 1, 5, 6], [5, -1, 9, 99]], np.int32), np.array([[7, 8, 9, 10]])]
    shares = shares_of(layers, 5, parts)  # 5 tokens come before, 11 is of a question
    np.testing.assert_allclose(shares, [[1, 0], [0.5, 0.25], [0, 1]])


def test_a_map_agrees_with_the_coverage(settings: Settings, tmp_path: Path) -> None:
    with Reader(settings) as reader:
        reader.read([write(tmp_path)])
        drawn = map_of(reader, None)
        assert drawn.documents == reader.report.coverage
        heads = [len(layer) for layer in reader.held.cache.origin]
    (document,) = drawn.documents
    means = [part.mean for part in document.parts]
    np.testing.assert_allclose(drawn.shares.mean(axis=0), means, atol=0.0001)
    assert (drawn.heads, len(drawn.shares)) == (tuple(heads), sum(heads))
    assert (drawn.budget, drawn.question, drawn.attention) == (128, "", None)
    assert len(drawn.beginnings) == len(means) > 2
    text = " ".join((tmp_path / "story.txt").read_text().split())
    assert text.startswith(drawn.beginnings[0])
    assert all(beginning in text for beginning in drawn.beginnings)


def test_a_question_shows_what_would_be_recalled_and_leaves_no_trace(
    settings: Settings, tmp_path: Path
) -> None:
    with Reader(settings) as reader:
        reader.read([write(tmp_path)])
        before = state(reader)
        drawn = map_of(reader, QUESTION)
        same(before, state(reader))
        assert reader.report.stop_reason == "read"
        (document,) = drawn.documents
        assert (document.recalled, reader.report.recall.tokens) == (64, 64)
        assert document.looked == sum(look.tokens for look in reader.report.second_look) > 0
        reader.ask(QUESTION)
        assert reader.report.coverage == drawn.documents  # that is what an answer rests on
    assert drawn.attention is not None
    best = int(np.argmax(drawn.attention))
    assert drawn.attention[best] > 1.2
    assert document.parts[best].recalled > 0


def test_attention_is_known_of_what_is_in_the_cache_as_a_whole(
    settings: Settings, tmp_path: Path
) -> None:
    """It is that to the same rows in an archive."""
    document = write(tmp_path)
    whole = replace(settings, budget=2048)
    with Reader(whole) as reader:
        reader.read([document])
        assert reader.held.intact
        drawn = map_of(reader, QUESTION)
    assert drawn.attention is not None
    assert drawn.shares.min() == 1
    (covered,) = drawn.documents
    assert (covered.mean, covered.recalled, covered.looked) == (1, 0, 0)
    with Reader(settings) as reader:
        reader.read([document])
        archived = map_of(reader, QUESTION)
    assert archived.attention is not None
    assert np.argmax(archived.attention) == np.argmax(drawn.attention)


def test_without_an_archive_attention_is_not_known(settings: Settings, tmp_path: Path) -> None:
    heard = Heard()
    with Reader(replace(settings, archive="off"), heard) as reader:
        reader.read([write(tmp_path)])
        drawn = map_of(reader, QUESTION)
    assert drawn.attention is None
    assert drawn.documents[0].recalled == 0
    assert drawn.documents[0].looked > 0
    assert any("cannot be told what the question attends to" in note for note in heard.notes)
