"""Texts with items of three kinds, drawn from a seed."""

from __future__ import annotations

import pytest
from bench_helpers import PROSE, words

from keydiff_cli.bench.lists import Listed, mark_list
from keydiff_cli.bench.planted import KINDS, PlantedText, planted_texts
from keydiff_cli.errors import UsageError


def texts(
    seed: int = 0, items: int = 4, lengths: tuple[int, ...] = (800, 400)
) -> list[PlantedText]:
    return list(planted_texts(PROSE, lengths, items, 2, words, seed))


def test_every_text_has_all_items_of_each_kind_at_random_places() -> None:
    made = texts()
    assert [(text.name, text.length) for text in made] == [
        (f"each-{length}-4-{number}", length) for length in (800, 400) for number in (0, 1)
    ]
    for text in made:
        assert 0.9 * text.length < words(text.document) <= text.length
        assert text.items.keys() == KINDS.keys() == {"deadlines", "people", "penalties"}
        for items in text.items.values():
            places = [text.document.index(item.sentence) for item in items]
            assert len(set(places)) == 4
            assert places == sorted(places)
            assert all(item.who in item.sentence and item.what in item.sentence for item in items)
        assert 2 < text.document.count("\n\n") < text.length / 60  # paragraphs
    assert len({text.document for text in made}) == 4


def test_a_seed_makes_the_same_texts() -> None:
    assert texts() == texts()
    assert texts(seed=1)[0].document != texts()[0].document


def test_no_two_items_are_alike_to_who_marks_them() -> None:
    """A list of all sentences is right as a whole, and each sentence is one item."""
    (text,) = planted_texts(PROSE, [6000], 60, 1, words)
    for items in map(text.items.__getitem__, KINDS):
        assert len({item.who for item in items}) == len({item.what for item in items}) == 60
        lines = "\n".join(f"- {item.sentence}" for item in items)
        assert mark_list(lines, items) == Listed(60, 60, 60, 60, 0)
        for item in items[:10]:
            assert mark_list(f"- {item.sentence}", items) == Listed(1, 60, 1, 1, 0)


def test_a_text_too_short_for_its_items_is_refused() -> None:
    with pytest.raises(UsageError, match="length: what is hidden in the texts takes more tokens"):
        texts(items=20, lengths=(300,))
