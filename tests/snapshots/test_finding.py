"""Which snapshot a reading goes on from, without a model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from snapshot_helpers import FakeCache, archived, corpus_of, keep, make_key, tokens_to
from text_helpers import MadeDocument, PlainBytes

from keydiff_cli.snapshots import ArchiveForm, Beginning, Entry, Store, find_beginning
from keydiff_cli.snapshots.candidates import Candidate
from keydiff_cli.snapshots.finding import longest_beginning
from keydiff_cli.text.corpus import Corpus


def candidate(tokens: np.ndarray[Any, Any], budget: int = 64, *, intact: bool = False) -> Candidate:
    entry = Entry(str(len(tokens)), Path(), 0, 0, {"intact": intact})
    return Candidate(entry, tokens, make_key(budget=budget))


def begin(
    store: Store, corpus: int | Corpus = 400, archived: ArchiveForm | None = None
) -> Beginning | None:
    """The beginning of documents, or of so many tokens."""
    text = corpus_of(range(corpus)) if isinstance(corpus, int) else corpus
    limits = {"room": 0, "least": 64, "most": 64}
    return find_beginning(store, make_key(), text, archived=archived, **limits)


# The longest one --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lengths", "count", "length", "whole"),
    [
        ([], 10, None, False),
        ([10], 10, 10, True),
        ([8], 10, 8, False),
        ([4, 8, 10], 10, 10, True),
        ([4, 8, 12], 10, 8, False),
        ([12], 10, None, False),
        ([3, 7], 10, 7, False),
        ([8], 8, 8, True),
        ([1], 1, 1, True),
        ([0], 5, None, False),
        ([0, 3], 5, 3, False),
        ([0], 0, None, False),
    ],
)
def test_the_longest_beginning_is_taken_up(
    store: Store, lengths: list[int], count: int, length: int | None, whole: bool
) -> None:
    corpus = corpus_of(range(count))
    best = longest_beginning([candidate(tokens_to(n)) for n in lengths], corpus)
    assert (None if best is None else len(best.tokens)) == length
    for n in lengths:
        keep(store, make_key(), tokens_to(n))
    beginning = begin(store, corpus)
    assert (beginning is None) == (length is None)
    if beginning is not None:
        assert (beginning.tokens, beginning.whole) == (length, whole)
        assert beginning.entry.description["tokens"] == length
        beginning.close()
    again = [block.ids for block in corpus.blocks(4)]  # nothing is lost
    assert [int(token) for part in again for token in part] == list(range(count))


def test_of_two_that_are_as_long_the_larger_budget_is_taken() -> None:
    choices = [candidate(tokens_to(8), budget) for budget in (64, 256, 128)]
    best = longest_beginning(choices, corpus_of(range(20)))
    assert best is choices[1]
    choices.insert(0, candidate(tokens_to(8), 128, intact=True))
    best = longest_beginning(choices, corpus_of(range(20)))
    assert best is choices[0], "one of which nothing was evicted comes first"


@given(
    st.lists(st.lists(st.integers(0, 1), max_size=12), max_size=6),
    st.lists(st.integers(0, 1), max_size=12),
    st.integers(1, 5),
)
@settings(derandomize=True, deadline=None, max_examples=300)
def test_what_is_taken_up_is_how_the_documents_begin(
    known: list[list[int]], read: list[int], part: int
) -> None:
    corpus = Corpus.of([], np.empty(0, np.int32), PlainBytes())
    for start in range(0, len(read), part):
        corpus._add(np.array(read[start : start + part], np.int32))
    best = longest_beginning([candidate(np.array(n, np.int32)) for n in known], corpus)
    expected = max((len(n) for n in known if n and n == read[: len(n)]), default=None)
    assert (None if best is None else len(best.tokens)) == expected


class Lines(MadeDocument):
    """A document of many lines, which counts how many of them were asked for."""

    def __init__(self) -> None:
        super().__init__([("a line of text\n", None)] * 100_000)
        self.asked = 0

    def _read(self):
        for piece in super()._read():
            self.asked += 1
            yield piece


def test_other_documents_are_left_alone_as_soon_as_they_differ() -> None:
    document = Lines()
    corpus = Corpus([document], PlainBytes())
    other = Corpus([Lines()], PlainBytes()).blocks(100_000)
    tokens = next(iter(other)).ids.copy()
    tokens[6] = 77
    assert longest_beginning([candidate(tokens)], corpus) is None
    assert corpus.tokens <= 4096
    assert document.asked <= 4096 // 15 + 2
    document = Lines()
    assert longest_beginning([], Corpus([document], PlainBytes())) is None
    assert document.asked == 0


def test_no_more_is_read_than_it_takes_to_tell(store: Store) -> None:
    document = Lines()
    corpus = Corpus([document], PlainBytes())
    known = Corpus([Lines()], PlainBytes())
    keep(store, make_key(), next(iter(known.blocks(5000))).ids)
    beginning = begin(store, corpus)
    assert beginning is not None
    assert (beginning.tokens, beginning.whole) == (5000, False)
    assert corpus.tokens <= 5000 + 2 * 4096
    beginning.close()


def test_a_document_more_is_not_taken_for_the_whole(store: Store) -> None:
    """All that was read by then is known, but it is not the end."""
    documents = [MadeDocument([("One. ", None)]), MadeDocument([("Two. ", None)], name="b")]
    tokens = next(Corpus(documents[:1], PlainBytes()).blocks(1000)).ids
    keep(store, make_key(), tokens)
    documents[0] = MadeDocument([("One. ", None)])
    corpus = Corpus(documents, PlainBytes())
    assert corpus.read_to(1) == len(tokens)
    beginning = begin(store, corpus)
    assert beginning is not None
    assert (beginning.tokens, beginning.whole) == (len(tokens), False)
    beginning.close()


# With an archive or without ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "count", "taken"),
    [
        (None, 304, 304),
        (ArchiveForm("full", "f16"), 304, 302),
        (ArchiveForm("full", "f16"), 301, 301),
        (ArchiveForm("full", "q8_0"), 304, 303),
        (ArchiveForm("keys", "f16"), 304, 304),
        (ArchiveForm("keys", "q8_0"), 304, 300),  # which need not be read again
    ],
)
def test_an_archive_has_to_be_of_the_form_that_is_asked_for(
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
    form: ArchiveForm | None,
    count: int,
    taken: int,
) -> None:
    """One that says nothing is of an earlier version: full, and of the type of the cache."""
    keep(store, make_key(), tokens_to(300))
    archived(store, 301)
    archived(store, 302, archive_kind="full", archive_type="f16")
    archived(store, 303, archive_kind="full", archive_type="q8_0")
    archived(store, 304, archive_kind="keys", archive_type="f16")
    listed, real = [], store.entries
    monkeypatch.setattr(store, "entries", lambda: listed.append(1) or real())
    beginning = begin(store, count, archived=form)
    assert beginning is not None
    assert beginning.tokens == taken
    beginning.close()
    assert len(listed) == 1  # which opens every file


# A damaged one ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("with_one", "without", "taken"), [(8, 6, 8), (6, 8, 8), (8, 8, 8)])
def test_a_longer_snapshot_that_has_lost_its_archive_need_not_be_read_again(
    store: Store, with_one: int, without: int, taken: int
) -> None:
    archived(store, with_one, archive_kind="full", archive_type="f16")
    keep(store, make_key(), tokens_to(without))
    (store.folder / ("a" * 12)).write_bytes(b"archive")
    beginning = begin(store, 8, archived=ArchiveForm())
    assert beginning is not None
    assert beginning.tokens == taken
    assert beginning.entry.archived == (with_one >= without)
    beginning.close()


def test_if_the_longest_is_damaged_the_next_one_is_taken(store: Store, warnings: list[str]) -> None:
    keep(store, make_key(), tokens_to(300))
    longest = keep(store, make_key(), tokens_to(350))
    data = bytearray(longest.path.read_bytes())
    data[-40] ^= 1
    longest.path.write_bytes(data)
    beginning = begin(store)
    assert beginning is not None
    assert beginning.tokens == 300
    assert "checksum" in warnings[0]
    assert longest.path.with_suffix(".damaged").exists()
    beginning.close()


def test_what_is_verified_fills_a_cache(store: Store) -> None:
    keep(store, make_key(), tokens_to(300))
    beginning, cache = begin(store), FakeCache()
    assert beginning is not None
    assert beginning.load(store, cache)  # type: ignore[arg-type]
    assert cache.loaded is not None
    assert beginning.file._file.closed


def test_what_does_not_fit_the_cache_is_set_aside(store: Store, warnings: list[str]) -> None:
    entry, cache = keep(store, make_key(), tokens_to(300)), FakeCache()
    cache.widths = [100, 99]  # type: ignore[misc]
    beginning = begin(store)
    assert beginning is not None
    assert not beginning.load(store, cache)  # type: ignore[arg-type]
    assert (cache.loaded, cache.cleared) == (None, 1)
    assert "cannot be used: the image is of another cache" in warnings[0]
    assert entry.path.with_suffix(".damaged").exists()
    assert beginning.file._file.closed
    assert begin(store) is None


@pytest.mark.parametrize(
    ("count", "complete", "done"),
    [(300, True, True), (300, False, False), (400, True, False), (400, False, False)],
)
def test_there_is_nothing_left_to_write_of_what_was_read_whole(
    store: Store, count: int, complete: bool, done: bool
) -> None:
    keep(store, make_key(), tokens_to(300), complete=complete)
    beginning = begin(store, count)
    assert beginning is not None
    assert beginning.whole == (count == 300)
    assert beginning.complete is done
    beginning.close()
