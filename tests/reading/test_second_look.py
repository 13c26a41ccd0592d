"""The second look: which passages are put before a question, and what is said of them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from text_helpers import END, MadeDocument, PlainBytes

from keydiff_cli.reading import second_look
from keydiff_cli.reading.recorder import Recorder
from keydiff_cli.reading.second_look import Passages, SecondLook, fused
from keydiff_cli.report import Events
from keydiff_cli.settings.checks import SMALLEST_LOOK
from keydiff_cli.text.corpus import Corpus
from keydiff_cli.text.passages import LONGEST, cut_passages

LINES = [
    "The harbour was founded in 1821 by two merchants, who had come from the north with one ship.",
    "The storehouses on quay nine were painted in the spring, and then again in the late autumn.",
    "The lighthouse burns whale oil, of which the keeper has to buy forty barrels in every winter.",
    "Pilots rest near the dock, and not before the last ship of the day has been brought to berth.",
]
ROOM = 512


def look_at(*documents: MadeDocument) -> tuple[SecondLook, Corpus, Recorder]:
    corpus = Corpus(documents, PlainBytes())
    corpus.read_to(END)
    recorder = Recorder(Events())
    return SecondLook(corpus, recorder), corpus, recorder


def text_of(lines: list[str] = LINES, name: str = "a") -> MadeDocument:
    return MadeDocument([("\n".join(lines), None)], name=name)


@pytest.fixture
def looking() -> Iterator[SecondLook]:
    """A second look at a text of four lines, each of which is a passage."""
    looking, corpus, _ = look_at(text_of())
    assert len(cut_passages(corpus)) == len(LINES)
    yield looking
    looking.close()


def lifts_of(*passages: int) -> Any:
    """Lifts of the tokens of the lines: of these ones more, the first one most."""
    _, corpus, _ = look_at(text_of())
    lifts = np.ones(corpus.tokens, np.float32)
    for number, passage in enumerate(cut_passages(corpus)):
        rank = passages.index(number) if number in passages else 10
        lifts[passage.start + 5] = 100 - 5 * rank
    return lifts


def lines(passages: Passages) -> list[int]:
    """The numbers of the lines that were looked at, counted from 0."""
    return [look.lines[0] - 1 for look in passages.looks]


def test_the_passage_with_the_words_of_the_question_comes_with_its_place(
    looking: SecondLook,
) -> None:
    passages = looking.find("What does the keeper of the lighthouse buy?", "", None, 150)
    assert passages.text == f"Passages of the document:\n\n[lines 3-3]\n{LINES[2]}"
    assert passages.headings == ("Passages of the document:", "[lines 3-3]")
    (look,) = passages.looks
    (span,) = passages.spans
    assert looking._corpus.text(*span).strip() == LINES[2]
    assert (look.document, look.page, look.lines, look.by) == ("a", None, (3, 3), "words")
    assert look.tokens == len(LINES[2]) + 1


def test_passages_are_in_the_order_of_the_document(looking: SecondLook) -> None:
    passages = looking.find("Pilots, merchants?", "", None, 260)
    assert lines(passages) == [0, 3]
    assert passages.text.index("merchants") < passages.text.index("Pilots")


def test_what_is_found_by_attention_joins_what_is_found_by_words(looking: SecondLook) -> None:
    passages = looking.find("Who founded it?", "", lifts_of(0, 3), 370)
    assert lines(passages) == [0, 1, 3]  # of which the second one is beside the word
    assert [look.by for look in passages.looks] == ["both", "both", "attention"]
    by_words = looking.find("Pilots?", "", None, 150)
    assert [(lines(by_words), by_words.looks[0].by)] == [([3], "words")]
    by_attention = looking.find("xyz?", "", lifts_of(1), 150)
    assert [(lines(by_attention), by_attention.looks[0].by)] == [([1], "attention")]


class Ranked:
    """An index that finds these passages, in this order, whatever is searched for."""

    def __init__(self, *numbers: int) -> None:
        self._numbers = numbers

    def find(self, text: str, most: int) -> list[int]:
        return list(self._numbers[:most])

    def close(self) -> None: ...


def test_what_comes_late_by_words_and_by_attention_is_found_by_both(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Third in both rankings is better than first in one of them."""
    monkeypatch.setattr(second_look, "WordIndex", lambda texts: Ranked(0, 1, 4))
    looking, corpus, _ = look_at(text_of([*LINES, LINES[0].upper(), LINES[1].upper()]))
    passages = cut_passages(corpus)
    lifts = np.zeros(corpus.tokens, np.float32)
    for rank, number in enumerate([2, 3, 4, 5, 1, 0]):
        lifts[passages[number].start] = 100 - rank
    passages = looking.find("?", "", lifts, 150)
    assert [(lines(passages), look.by) for look in passages.looks] == [([4], "both")]


@pytest.mark.parametrize("room", [0, 1, 60, 130, 150, 200, 250, 330, 400, ROOM])
def test_the_room_is_kept_to(looking: SecondLook, room: int) -> None:
    """With the line breaks before the passages, and with their places."""
    passages = looking.find("the harbour and the ship in the dock", "", lifts_of(1, 2), room)
    size = len(f"\n\n{passages.text}".encode()) if passages.text else 0
    assert size <= room
    assert bool(passages.looks) == (room >= 150)
    assert len(passages.looks) == passages.text.count("[lines ")
    assert looking.find("harbour", "", None, -1) == Passages()


@pytest.mark.parametrize("others", [0, 1])
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("report.txt", "report.txt"),
        ("a" * 200 + "report.txt", "aaaaaaaaaaaaa...aaareport.txt"),
        ("\u6e2f" * 60, "\u6e2f\u6e2f\u6e2f...\u6e2f\u6e2f\u6e2f"),  # of 3 tokens each
    ],
)
def test_the_smallest_share_has_room_for_the_longest_passage(
    others: int, name: str, said: str
) -> None:
    """And for the name of its document, of which no more than the ends are said if it is long."""
    text = ["pilots and docks " * 20 + "\n" + ("harbour " * LONGEST)[:LONGEST]]
    looking, _, _ = look_at(text_of(text, name), *[text_of(name="b")] * others)
    passages = looking.find("harbour harbour", "", None, SMALLEST_LOOK)
    looking.close()
    assert LONGEST in [look.tokens for look in passages.looks]
    assert passages.looks[0].document == name
    assert (f"[{said}, lines" in passages.text) == bool(others)


def test_long_names_stay_whole_where_there_is_room() -> None:
    """They may differ in the middle only."""
    names = [f"annual-financial-report-of-the-harbour-{year}-final.txt" for year in (2023, 2024)]
    looking, _, _ = look_at(text_of(LINES[:1], names[0]), text_of(LINES[:1], names[1]))
    passages = looking.find("Who founded it, merchants of the harbour?", "", None, ROOM)
    looking.close()
    for name in names:
        assert f"[{name}, lines" in passages.text


def test_a_question_of_few_words_is_searched_for_with_the_one_before(looking: SecondLook) -> None:
    assert lines(looking.find("Autumn?", "", None, 150)) == [1]
    assert lines(looking.find("Autumn?", "What oil burns in winter?", None, 260)) == [1, 2]
    assert lines(looking.find("And?", "What oil burns in the winter?", None, 150)) == [2]


def test_where_nothing_is_found_nothing_is_put_before_it(looking: SecondLook) -> None:
    assert looking.find("xyz?", "", None, ROOM) == Passages()


@pytest.mark.parametrize("second", [1.0, 9.0, 10.0])
def test_a_question_that_names_nothing_looks_at_nothing(looking: SecondLook, second: float) -> None:
    """It attends to one passage much more than any question does, at most."""
    lifts = np.ones_like(lifts_of())
    lifts[lifts_of(2) == 100], lifts[lifts_of(1) == 100] = 100, second
    passages = looking.find("What of the harbour and the dock?", "", lifts, ROOM)
    assert bool(passages.looks) == (second == 10)


def test_pages_are_named_where_there_are_any() -> None:
    pages = [(f"{LINES[number]}\nIt is so.", number + 1) for number in range(3)]
    looking, _, _ = look_at(MadeDocument(pages, pages=3, name="a.pdf"))
    passages = looking.find("Which storehouses were painted?", "", None, ROOM)
    assert "\n\n[page 2]\nThe storehouses" in passages.text
    (look,) = [look for look in passages.looks if look.page == 2]
    assert look.lines == (1, 2)  # of the page
    looking.close()


def test_of_several_documents_each_passage_names_its_own() -> None:
    looking, _, _ = look_at(text_of(LINES[:2], "a.txt"), text_of(LINES[2:], "b.txt"))
    passages = looking.find("Who buys oil, and who founded the harbour?", "", None, ROOM)
    assert "\n\n[a.txt, lines 1-1]\nDocument: a.txt\n\nThe harbour" in passages.text
    assert "\n\n[b.txt, lines 1-1]\nDocument: b.txt\n\nThe lighthouse" in passages.text
    assert {look.document for look in passages.looks} == {"a.txt", "b.txt"}
    looking.close()


def test_an_sqlite_without_fts5_is_warned_of_once(monkeypatch: pytest.MonkeyPatch) -> None:
    class Without(sqlite3.Connection):
        def execute(self, *words: object) -> sqlite3.Cursor:  # type: ignore[override]
            raise sqlite3.OperationalError("no such module: fts5")

    monkeypatch.setattr(sqlite3, "connect", lambda path, **_: Without(path))
    looking, _, recorder = look_at(text_of())
    for _ in range(2):
        assert looking.find("harbour", "", lifts_of(1), ROOM) == Passages()
    assert recorder.report.warnings == (
        "nothing is looked up in the text: the text cannot be indexed: no such module: fts5",
    )
    looking.close()


def test_without_room_nothing_is_indexed(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(second_look, "cut_passages", never)
    looking, _, _ = look_at(text_of())
    assert looking.find("harbour", "", None, 0) == Passages()
    looking.close()


def test_a_text_is_indexed_once_and_the_index_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Any] = []

    class Index(Ranked):
        closed = False

        def __init__(self, texts: Any) -> None:
            super().__init__(0)
            assert len(list(texts)) == len(LINES)
            made.append(self)

        def close(self) -> None:
            self.closed = True

    monkeypatch.setattr(second_look, "WordIndex", Index)
    looking, _, _ = look_at(text_of())
    for _ in range(2):
        assert lines(looking.find("harbour", "", None, ROOM)) == [0]
    looking.close()
    assert [index.closed for index in made] == [True]


def test_rankings_are_fused_by_the_sum_of_weighted_reciprocal_ranks() -> None:
    assert fused(([5, 3], 1.0), ([], 1.0)) == [5, 3]
    assert fused(([5, 3, 1], 1.0), ([3, 7], 2.0)) == [3, 7, 5, 1]
    assert fused(([5, 3, 1], 1.0), ([3, 7], 0.01)) == [5, 3, 1, 7]
    assert fused(([1, 2], 1.0), ([2, 1], 1.0)) == [1, 2]  # alike: as in the first ranking
    assert fused() == fused(([], 1.0), ([], 1.0)) == []
