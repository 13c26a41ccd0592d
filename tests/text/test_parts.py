"""Texts cut into parts: where they end, whatever the lines of the text are."""

from __future__ import annotations

import textwrap

import pytest
from text_helpers import END, MadeDocument, PlainBytes

from keydiff_cli.text.corpus import Corpus
from keydiff_cli.text.parts import cut_parts
from keydiff_cli.text.passages import SMALL

INTRODUCTION = "Document: a\n\n"


def corpus_of(*documents: MadeDocument) -> Corpus:
    """Documents that were read to their end, a token for each byte."""
    corpus = Corpus(documents, PlainBytes())
    corpus.read_to(END)
    return corpus


def parts(*documents: MadeDocument, longest: int = 100) -> list[str]:
    """The parts of documents, as text."""
    corpus = corpus_of(*documents)
    cut = cut_parts(corpus, longest)
    assert [0, *(part.stop for part in cut)] == [*(part.start for part in cut), corpus.tokens]
    assert all(0 < part.stop - part.start <= longest for part in cut)
    return [corpus.text(part.start, part.stop) for part in cut]


def test_a_part_ends_with_a_page_if_there_is_an_end_in_its_second_half() -> None:
    pages = [("a" * 30, 1), ("b" * 30 + "\n" + "b" * 20, 2), ("c" * 80, 3)]
    first, second = parts(MadeDocument(pages, pages=3, name="a.pdf"), longest=130)
    assert "a" * 30 in first
    assert first.rstrip().endswith("b" * 20)
    assert second.rstrip().endswith("c" * 80)


def test_a_part_is_of_one_document() -> None:
    first, second = parts(MadeDocument([("One.", None)]), MadeDocument([("Two.", None)], name="b"))
    assert first.endswith("One.")
    assert second.endswith("Two.")


def test_what_is_added_changes_the_last_part_only() -> None:
    lines = [f"Line {number} of the log.\n" for number in range(40)]
    before = parts(MadeDocument([("".join(lines[:25]), None)]))
    after = parts(MadeDocument([("".join(lines), None)]))
    assert before[:-1] == after[: len(before) - 1]
    assert len(after) > len(before) > 2


@pytest.mark.parametrize(
    ("last", "room", "sizes"),
    [
        (SMALL - 1, 500, [299]),
        (SMALL - 1, 299, [299]),
        (SMALL - 1, 298, [200, 99]),
        (SMALL - 1, 0, [200, 99]),
        (SMALL, 500, [200, 100]),
    ],
)
def test_a_small_last_part_joins_the_one_before_where_there_is_room(
    last: int, room: int, sizes: list[int]
) -> None:
    """At the end of each document."""
    text = "a" * 198 + "\n\n" + "b" * last
    texts = [text[len(INTRODUCTION) :], text[len(INTRODUCTION) + 2 :]]  # two line breaks between
    corpus = corpus_of(*(MadeDocument([(each, None)], name="a") for each in texts))
    parts = cut_parts(corpus, 240, room)
    assert [part.stop - part.start for part in parts] == 2 * sizes


@pytest.mark.parametrize("longest", [1, 2, 3])
def test_parts_may_be_as_short_as_a_token(longest: int) -> None:
    assert len("".join(parts(MadeDocument([("One. Two.\n", None)]), longest=longest))) > 10


SENTENCES = [
    f"On day {number} the pilot Marta Lind took {number}.5 tonnes of herring to the Old Quay, and "
    f"was paid no. {number} of the bills that lay there."
    for number in range(40)
]
ROWS = [
    f"{2000 + row} Herring {row}.50 Cod {row}.25 Crab {row}.75 Sprat {row}.5" for row in range(99)
]


@pytest.mark.parametrize("width", [40, 60, 72])
def test_a_part_of_wrapped_text_ends_with_a_sentence(width: int) -> None:
    """Lines end within sentences, and begin with names and figures, too."""
    text = textwrap.fill(" ".join(SENTENCES), width)
    found = parts(MadeDocument([(text, None)]), longest=960)
    assert {some.rstrip()[-6:] for some in found} == {"there."}


def test_a_part_of_wrapped_text_ends_with_a_line_where_no_sentence_ends() -> None:
    text = textwrap.fill("the long list of all that was found there and " * 40, 72)
    found = parts(MadeDocument([(text, None)]), longest=400)
    assert {some[-1] for some in found[:-1]} == {"\n"}


@pytest.mark.parametrize(
    "rows",
    [
        ROWS,
        [f"| {row} |" for row in ROWS],
        [f"- {row}" for row in ROWS],
        [f"the {row}" for row in ROWS],
    ],
    ids=["columns", "cells", "items", "small letters"],
)
def test_a_part_of_rows_ends_with_a_row(rows: list[str]) -> None:
    """And not at the point of a decimal."""
    found = parts(MadeDocument([("\n".join(rows), None)]), longest=400)
    assert all(some.endswith("\n") for some in found[:-1])
    assert len(found) > 10


def test_a_line_at_the_very_end_of_the_longest_part_may_be_within_a_sentence() -> None:
    text = textwrap.fill(" ".join(SENTENCES), 72)
    breaks = [at for at, character in enumerate(INTRODUCTION + text) if character == "\n"]
    assert len(breaks) > 16
    for at in breaks[10:16]:
        first, *_ = parts(MadeDocument([(text, None)]), longest=at + 1)
        assert first.rstrip().endswith("there.")
