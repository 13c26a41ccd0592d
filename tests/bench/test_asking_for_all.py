"""Texts with planted items as documents, and lists of them marked, without a model."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from bench_helpers import PROSE, words

from keydiff_cli.bench.asking_for_all import ListingAll, texts_folder, write_texts
from keydiff_cli.bench.planted import KINDS, planted_texts
from keydiff_cli.bench.variants import Variant
from keydiff_cli.reading.reader import Reader

TEXTS = list(planted_texts(PROSE, [400], 3, 2, words))


def test_texts_are_files_with_a_question_for_each_kind(tmp_path: Path) -> None:
    folder = texts_folder(tmp_path / "some" / "each.jsonl")
    assert folder == tmp_path / "some" / "each.texts"
    first, second = write_texts(TEXTS, folder, ["people", "penalties"])
    assert [first.path.name, second.path.name] == ["each-400-3-0.txt", "each-400-3-1.txt"]
    data = first.path.read_bytes()
    assert data.decode() == TEXTS[0].document
    assert first.sha256 == hashlib.sha256(data).hexdigest()
    assert [(question.text, question.kind) for question in first.questions] == [
        (KINDS[kind].question, kind) for kind in ("people", "penalties")
    ]


@dataclass
class Item:
    text: str


class Reads:
    """Lists people: part by part one to a line, and as a whole with a line before."""

    def each(self, question: str) -> Iterator[Item]:
        yield from (Item(item.sentence.replace(" ", "\n", 1)) for item in TEXTS[0].items["people"])

    def ask(self, question: str) -> str:
        return f"People:\n- {TEXTS[0].items['people'][0].sentence}\n- Nobody else\n"


def test_lists_of_parts_and_of_the_whole_are_marked_alike(tmp_path: Path) -> None:
    (document, _) = write_texts(TEXTS, tmp_path, list(KINDS))
    question = next(each for each in document.questions if each.kind == "people")
    exam, reader = ListingAll(TEXTS), cast(Reader, Reads())
    marks = exam.marks(document, question, exam.answer(reader, question, Variant(each=True)))
    assert marks["length"] == 400
    assert marks["references"] == [f"{item.who}: {item.what}" for item in TEXTS[0].items["people"]]
    assert marks["measures"] == {
        "found": [3, 3], "right": [3, 3], "repeated": [0, 3], "listed": 3,
    }  # fmt: skip
    marks = exam.marks(document, question, exam.answer(reader, question, Variant()))
    assert marks["measures"] == {
        "found": [1, 3], "right": [1, 2], "repeated": [0, 2], "listed": 2,
    }  # fmt: skip
    assert exam.verdict(marks) == "1 of 3 found, 1 of 2 right"
