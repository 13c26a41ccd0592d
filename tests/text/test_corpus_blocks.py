"""The corpus: read on as far as it is asked for, in blocks from any token on."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from text_helpers import SAMPLE, MadeDocument, PlainBytes, open_corpus

from keydiff_cli.text.corpus import Corpus

TEXT = SAMPLE / "harbour-report.txt"

steady = settings(derandomize=True, deadline=None, max_examples=100)


# Reading on -------------------------------------------------------------------------------------


def endless(asked: list[int], count: int = 10**6) -> MadeDocument:
    """A document of many short lines that notes how many of them were asked for."""

    class Endless(MadeDocument):
        def _read(self):
            for piece in super()._read():
                asked.append(piece.done)
                yield piece

    return Endless([("a line of text\n", None)] * count)


def test_no_more_is_read_than_was_asked_for() -> None:
    corpus = Corpus([endless(asked := [])], PlainBytes())
    assert (corpus.tokens, asked, corpus.documents) == (0, [], [])
    assert corpus.read_to(0) == 0
    assert asked == []
    for count in (1, 4000, 10_000, 10_001, 50):
        read = corpus.read_to(count)
        assert count <= read == corpus.tokens
        assert read <= max(count, 10_001) + 4096
        assert len(asked) * 15 <= read + 4096 + 15
    blocks = corpus.blocks(1000)
    next(blocks)
    before = len(asked)
    for _ in range(9):
        next(blocks)
    assert len(asked) == before  # all of that was there
    assert not corpus.ended


def test_the_next_document_is_not_begun_before_its_time() -> None:
    corpus = Corpus(
        [MadeDocument([("One. ", None)], name="document 0"), endless(asked := [])], PlainBytes()
    )
    first = corpus.read_to(1)
    assert (len(corpus.documents), asked) == (1, [])
    assert corpus.document(0).sha256 is None  # it is not known yet that this was all
    corpus.read_to(first + 1)
    assert [record.sha256 for record in corpus.documents] == ["of document 0", None]
    assert corpus.document(first - 1).name == "document 0"
    assert corpus.document(first).name == "a"


@given(
    st.integers(0, 300),
    st.lists(st.integers(1, 70), min_size=1, max_size=4),
    st.integers(1, 64),
    st.integers(0, 310),
)
@steady
def test_blocks_begin_anywhere_and_are_full(
    count: int, sizes: list[int], size: int, start: int
) -> None:
    tokens = np.arange(count, dtype=np.int32) % 256
    corpus = Corpus.of([], np.empty(0, np.int32), PlainBytes())
    for place in range(0, count, sizes[0]):
        corpus._add(tokens[place : place + sizes[0]])
    for _ in range(2):  # and can be gone through again
        blocks = list(corpus.blocks(size, start))
        assert [block.start for block in blocks] == list(range(start, count, size))
        assert all(len(block.ids) == size for block in blocks[:-1])
        assert all(0 < len(block.ids) <= size for block in blocks)
        assert all(block.ids.dtype == np.int32 for block in blocks)
        assert [int(t) for block in blocks for t in block.ids] == tokens[start:].tolist()


def test_blocks_come_again_from_the_start_and_from_the_middle(bytewise: Corpus) -> None:
    corpus = open_corpus(PlainBytes(), TEXT)
    first = list(corpus.blocks(512))
    assert corpus.ended
    again = list(corpus.blocks(512))
    middle = list(corpus.blocks(512, 10 * 512))
    for block, same in [*zip(first, again, strict=True), *zip(first[10:], middle, strict=True)]:
        assert (block.start, block.stop) == (same.start, same.stop)
        np.testing.assert_array_equal(block.ids, same.ids)
    assert list(corpus.blocks(512, corpus.tokens)) == []


@pytest.mark.parametrize("count", [0, 1, 3, 4, 7, 8, 9, 10])
def test_what_was_read_is_skipped(count: int) -> None:
    corpus = Corpus([MadeDocument([("0123456789" * 3, None)])], PlainBytes())
    whole = "Document: a\n\n" + "0123456789" * 3
    left = list(corpus.blocks(4, count))
    assert [block.start for block in left] == list(range(count, len(whole), 4))
    assert "".join(corpus.text(block.start, block.stop) for block in left) == whole[count:]
    assert [int(token) for block in left for token in block.ids] == list(whole[count:].encode())


def test_blocks_stay_what_they_would_have_been() -> None:
    corpus = Corpus([MadeDocument([("0123456789" * 3, None)])], PlainBytes())
    whole, left = list(corpus.blocks(4)), list(corpus.blocks(4, 12))
    assert len(left) > 6
    for block, same in zip(left, whole[3:], strict=True):
        assert block.start == same.start
        np.testing.assert_array_equal(block.ids, same.ids)
