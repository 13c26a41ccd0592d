"""Needles: each is there once, where it should be, every time."""

from __future__ import annotations

import pytest
from bench_helpers import PROSE, words

from keydiff_cli.bench import needle

DEPTHS = [0.0, 0.25, 0.5, 0.75, 1.0]


def test_needles_are_where_they_should_be() -> None:
    first, second = needle.texts(PROSE, [1500], DEPTHS, 2, words, seed=3)
    for text in (first, second):
        assert 1400 < words(text.document) <= 1500
        assert [question.depth for question in text.questions] == DEPTHS
        for question in text.questions:
            (value,) = question.references
            assert text.document.count(value) == 1
            assert question.depth == pytest.approx(
                text.document.index(value) / len(text.document), abs=0.04
            )
            assert value not in question.text
    assert first.document != second.document
    assert list(needle.texts(PROSE, [1500], DEPTHS, 2, words, seed=3)) == [first, second]
    assert next(needle.texts(PROSE, [1500], DEPTHS, 1, words, seed=4)) != first
