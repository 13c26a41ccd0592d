"""Where parts are, and what they state."""

from __future__ import annotations

from pathlib import Path

import pytest
from archived_readings import settings_for

from keydiff_cli.reading.places import PartFacts, name_places, place_of, words_read
from keydiff_cli.reading.reader import Reader
from keydiff_cli.text.places import Place

TEXT = (
    """(in thousands)
Assets          25,358
"""
    + "The quays of Aldery are old.\n" * 30
)


@pytest.fixture
def reader(tiny_path: Path, tmp_path: Path) -> Reader:
    document = tmp_path / "a.txt"
    document.write_text(TEXT)
    reader = Reader(settings_for(tiny_path, tmp_path))
    reader.read([document])
    return reader


def test_parts_have_places_facts_and_units(reader: Reader) -> None:
    with reader:
        corpus = reader.corpus
        facts, end = PartFacts(corpus), corpus.tokens
        assert place_of(corpus, 0, 5) == Place("a.txt", None, (1, 1))
        parts = list(facts.all())
        assert len(parts) > 1
        assert parts[0][0].lines[0] == 1
        assert parts[-1][0].lines[1] == 32
        assert 25_358_000 in facts.of(0, end).exact
        assert 25_358_000 not in parts[-1][1].exact
        assert facts.say_units("Assets: $25,358", 0, end) == "Assets: $25,358 (in thousands)"
        assert facts.say_units("Assets: $25,358", 700, end) == "Assets: $25,358"
        assert {"aldery", "asset"} <= words_read(corpus)


def test_of_many_places_some_are_named() -> None:
    places = [Place("a.pdf", (n, n), (1, 9)) for n in range(1, 9)]
    assert name_places(places[:2], named=False) == "page 1, page 2"
    assert name_places(places[:2], named=True) == "page 1 of a.pdf, page 2 of a.pdf"
    assert name_places(places[:7], named=False).endswith("page 6 and 1 other part")
    assert name_places(places, named=False).endswith("page 6 and 2 other parts")
