"""What heads hold, counted by token and added up by page."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from text_helpers import END, MadeDocument, PlainBytes

from keydiff_cli.documents import Heading
from keydiff_cli.reading.coverage import Retention, count_heads, tokens_of
from keydiff_cli.text.corpus import Corpus

HEAD = 3  # tokens before the documents


def rows(*heads: list[int]) -> NDArray[np.int32]:
    """A layer whose heads hold these tokens of the documents, with the head and a free cell."""
    return np.array([[0, 1, 2, *(HEAD + token for token in own), -1] for own in heads], np.int32)


def read(*documents: MadeDocument) -> Corpus:
    corpus = Corpus(documents, PlainBytes())
    corpus.read_to(END)
    return corpus


def test_heads_are_counted_by_token_and_no_other_rows_are() -> None:
    origins = [rows([0, 2], [2, 3]), rows([2, 4], [2, 9])]  # 9 is of a question
    assert count_heads(origins, HEAD, 5).tolist() == [1, 0, 4, 1, 1]


def test_shares_of_pages_sections_and_documents() -> None:
    corpus = read(
        MadeDocument([("one", 1), ("two", 2)], pages=2, name="a"),
        MadeDocument([("x", None)], name="b"),
    )
    record = corpus.documents[0]
    assert record.page_starts is not None
    record.outline = [Heading("All", 1, 1, None)]
    second = record.page_starts[1]
    of_a, of_b = record.tokens, corpus.documents[1].tokens
    layers = [rows([second, second + 1], [second, second + 2])]
    a, b = Retention(corpus, layers, HEAD).coverage(
        np.array([second + 1, 0]), np.arange(second, second + 4)
    )
    assert (a.document, a.page_kind, a.tokens, a.recalled, a.looked) == ("a", "page", of_a, 2, 4)
    assert (a.mean, a.union) == (round(4 / (2 * of_a), 4), round(3 / of_a, 4))
    first, last = a.parts
    assert (first.pages, first.tokens, first.mean, first.union) == ((1, 1), second, 0.0, 0.0)
    assert (first.recalled, first.looked) == (1, 0)
    assert (last.mean, last.recalled, last.looked) == (round(4 / (2 * (of_a - second)), 4), 1, 4)
    (section,) = a.sections
    assert (section.label, section.pages, section.looked) == ("All", (1, 2), 4)
    assert (b.page_kind, b.tokens, b.mean, b.looked) == (None, of_b, 0.0, 0)
    assert [part.lines for part in b.parts] == [(1, 1)]


def test_nothing_read_is_covered_by_nothing() -> None:
    assert Retention(read(), [rows([], [])], HEAD).coverage() == ()


def test_tokens_of_ranges() -> None:
    assert tokens_of([(7, 9), (2, 3)]).tolist() == [7, 8, 2]
    assert tokens_of([]).tolist() == []
