"""Passages found by words: which ones, in which order, whatever a question looks like."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator

import pytest

from keydiff_cli.errors import KeydiffError
from keydiff_cli.text import word_index
from keydiff_cli.text.word_index import WordIndex

TEXTS = [
    "The harbour was founded in 1821 by two merchants.",
    "The storehouses on quay nine were painted in the spring.",
    "Painting the lighthouse takes a painter two weeks; painters are few.",
    "NEAR the dock, AND not before, the pilots rest.",
    "\u6e2f\u53e3\u5efa\u4e8e\u4e00\u516b\u4e8c\u4e00\u5e74\u3002",
    "\u0e17\u0e48\u0e32\u0e40\u0e23\u0e37\u0e2d\u0e40\u0e01\u0e48\u0e32",
    "Der Hafen hei\u00dft Calderhythe; \u00dcberseegut kommt an.",
]


@pytest.fixture(scope="module")
def index() -> Iterator[WordIndex]:
    index = WordIndex(TEXTS)
    yield index
    index.close()


def numbers(index: WordIndex, text: str, most: int = 50) -> list[int]:
    return index.find(text, most)


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("When was the harbour founded?", 0),
        ("MERCHANTS", 0),  # case does not matter
        ("founding merchant", 0),  # endings do not, either
        ("Which storehouse?", 1),
        ("painter", 2),
        ("\u6e2f\u53e3\u662f\u54ea\u5e74\u5efa\u7684\uff1f", 4),  # a word of it is in the text
        ("\u0e40\u0e23\u0e37\u0e2d\u0e40\u0e01\u0e48\u0e32", 5),
        ("uberseegut", 6),  # nor do accents
    ],
)
def test_the_best_passage_comes_first(index: WordIndex, question: str, found: int) -> None:
    assert numbers(index, question)[0] == found


def test_a_passage_with_more_and_rarer_words_is_better(index: WordIndex) -> None:
    found = index.find("The painter of the lighthouse", 50)
    assert found[0] == 2
    assert {0, 1, 2, 3} <= set(found)  # "the" is in all of these


def test_no_more_than_wanted(index: WordIndex) -> None:
    assert numbers(index, "the", 2) == numbers(index, "the")[:2]
    assert numbers(index, "the", 0) == []


def test_words_of_the_passages_around_one_count_for_less() -> None:
    """A row of a table is found by the words above it."""
    index = WordIndex(["Catches of herring, by month", "May 17", "June 23", "The ferry was late"])
    assert numbers(index, "herring") == [0, 1]
    assert set(numbers(index, "How many herring in May?", 2)) == {0, 1}
    first, *around = numbers(index, "June")
    assert (first, sorted(around)) == (2, [1, 3])
    index.close()


@pytest.mark.parametrize(
    "question",
    [
        "AND", "NOT", "NEAR", "NEAR(dock pilots, 2)", "dock AND", '"dock"', "'dock'", "dock*",
        "^dock", "words:dock", "around:dock", "dock + pilots", "-dock", "{dock}", "the_dock",
        "dock\0pilots", "x;dock--",
    ],
)  # fmt: skip
def test_a_question_is_words_and_no_query(index: WordIndex, question: str) -> None:
    """Of this passage, and for less of those around it."""
    found = numbers(index, question)
    assert found[0] == 3
    assert set(found) == {2, 3, 4}


@pytest.mark.parametrize("question", ["a_dock", "doc*", "do*k", "OR", "xyz"])
def test_words_that_no_passage_has_find_nothing(index: WordIndex, question: str) -> None:
    assert numbers(index, question) == []


@pytest.mark.parametrize(
    "question", ["", " \n", "?!", '"', "*", "___", ";--", "\U0001f6a2", "\udc80"]
)
def test_without_words_nothing_is_found(index: WordIndex, question: str) -> None:
    assert numbers(index, question) == []


def test_a_question_of_very_many_words(index: WordIndex) -> None:
    words = " ".join(f"word{number}" for number in range(5000))
    assert numbers(index, f"{words} dock")[0] == 3


def test_single_characters_of_a_script_without_spaces_are_words() -> None:
    index = WordIndex(["\u6e2f is a harbour", "\u5e74\u5e74"])
    assert numbers(index, "\u6e2f?") == [0, 1]
    assert numbers(index, "\u5e74\u5e74") == [1, 0]
    assert numbers(index, "\u53e3") == []
    index.close()


def test_one_of_many_passages_is_found() -> None:
    """They come one after another, as those of a long document."""
    index = WordIndex(f"Quay number q{number} is painted." for number in range(20_000))
    assert numbers(index, "Which of them is quay q19999?", 1) == [19_999]
    assert len(index.find("painted", 50)) == 50
    index.close()


def test_without_passages_nothing_is_found() -> None:
    index = WordIndex([])
    assert index.find("harbour", 5) == []
    index.close()


def test_a_closed_index_says_so() -> None:
    index = WordIndex(TEXTS)
    index.close()
    index.close()
    with pytest.raises(KeydiffError, match="the text cannot be searched: Cannot operate on"):
        index.find("harbour", 5)


def test_another_thread_may_use_and_close_it() -> None:
    index, found = WordIndex(TEXTS), list[int]()

    def use() -> None:
        found.extend(numbers(index, "MERCHANTS"))
        index.close()

    thread = threading.Thread(target=use)
    thread.start()
    thread.join()
    assert found[0] == 0
    with pytest.raises(KeydiffError, match="Cannot operate on"):
        index.find("harbour", 5)


class WithoutFts5(sqlite3.Connection):
    """A database of an SQLite that was built without FTS5."""

    closed = 0

    def execute(self, *words: object) -> sqlite3.Cursor:  # type: ignore[override]
        raise sqlite3.OperationalError("no such module: fts5")

    def close(self) -> None:
        WithoutFts5.closed += 1
        super().close()


def test_an_sqlite_without_fts5_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(WithoutFts5, "closed", 0)
    monkeypatch.setattr(word_index.sqlite3, "connect", lambda path, **_: WithoutFts5(path))
    with pytest.raises(KeydiffError, match="the text cannot be indexed: no such module: fts5"):
        WordIndex(TEXTS)
    assert WithoutFts5.closed == 1
