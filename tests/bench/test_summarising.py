"""Summaries of documents: what is asked, and what their records have, without a model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import pytest
from bench_helpers import measured

from keydiff_cli.bench.asked_documents import AskedDocument
from keydiff_cli.bench.summarising import Summarising, documents_to_summarise, load_references
from keydiff_cli.bench.variants import Variant
from keydiff_cli.errors import DocumentError, UsageError
from keydiff_cli.reading.reader import Reader

TEXT = "The harbour of Sketh handled 51,300 tonnes of grain in 2023. Anna Berger led it.\n"
SUMMARY = "Anna Berger led the harbour of Sketh, with 51,300 tonnes of grain. [lines 1-1]"


@pytest.fixture
def documents(tmp_path: Path) -> list[AskedDocument]:
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text(f"{TEXT}This is {name}.\n")
    paths = [tmp_path / "a.txt", tmp_path / "b.txt", tmp_path / "." / "a.txt"]
    return documents_to_summarise(paths, " summarize ", 300)


def test_each_document_is_summarised_once(documents: list[AskedDocument]) -> None:
    assert [document.path.name for document in documents] == ["a.txt", "b.txt"]
    (question,) = documents[0].questions
    assert (question.text, question.kind) == ("summarize", "summary, 300 words")
    (other,) = documents_to_summarise([documents[0].path], "summarize", None)
    assert other.questions[0].kind == "summary"
    assert documents[0].id(question) != other.id(other.questions[0])
    with pytest.raises(UsageError, match="question: no question; write one, or leave"):
        documents_to_summarise([], " ", None)


@pytest.mark.parametrize(
    ("words", "asked"), [(None, "summarize"), (300, "summarize in about 300 words")]
)
def test_the_length_is_asked_for_in_words(
    words: int | None, asked: str, documents: list[AskedDocument]
) -> None:
    class Reads:
        def ask(self, question: str) -> str:
            return f"Asked: {question}"

    exam = Summarising(documents, words, {})
    reader = cast(Reader, Reads())
    assert exam.answer(reader, documents[0].questions[0], Variant()) == f"Asked: {asked}"


def test_a_summary_is_measured_against_its_document(documents: list[AskedDocument]) -> None:
    document, other = documents
    exam = Summarising(documents, None, {document.sha256: "Anna Berger led Sketh harbour."})
    marks = exam.marks(document, document.questions[0], SUMMARY)
    measures: dict[str, Any] = marks["measures"]
    assert marks["references"] == ["Anna Berger led Sketh harbour."]
    assert measures.pop("ROUGE-L") == pytest.approx(2 * 4 / (11 + 5))  # anna berger led sketh
    # anna berger led harbour sketh, and 513 tonne grain
    assert measures.pop("facts overlap") == pytest.approx(2 * 5 / (8 + 5))
    assert measures == {
        "words": 12, "figures": 1, "figures supported": [1, 1], "names found": [3, 3],
        "dates found": [0, 0], "parts drawn on": [1, 1], "sentences placed": [1, 1],
        "first third": [0, 1], "middle third": [1, 1], "last third": [0, 1],
    }  # fmt: skip
    assert exam.verdict(marks) == "12 words, 1 of 1 figures supported"
    alone = exam.marks(other, other.questions[0], SUMMARY)
    assert alone["references"] == []
    assert "ROUGE-L" not in alone["measures"]


def test_summaries_of_documents_at_hand_are_measured_anew(documents: list[AskedDocument]) -> None:
    document = documents[0]
    said = {"answer": SUMMARY, "figures supported": [0, 9]}
    exam = Summarising(documents, None, {})

    def supported(text: str) -> list[tuple[int, int]]:
        rows = exam.rate([measured("x", "full", text=text, **said)])
        return [
            (row["part"], row["whole"]) for row in rows if row["measure"] == "figures supported"
        ]

    assert supported(document.sha256) == [(1, 1)]
    assert supported("another") == [(0, 9)]


def test_summaries_by_others_go_with_their_documents(
    documents: list[AskedDocument], tmp_path: Path
) -> None:
    data = tmp_path / "more" / "references.jsonl"
    data.parent.mkdir()

    def load(*items: object) -> dict[str, str]:
        data.write_text("".join(f"{json.dumps(item)}\n" for item in items))
        return load_references(data, documents)

    wanted = {"document": "../a.txt", "summary": "By others."}
    assert load(wanted, {"document": "c.txt", "summary": "Not asked for."}) == {
        documents[0].sha256: "By others."
    }
    with pytest.raises(UsageError, match=r"references: .*jsonl has none for these documents"):
        load({"document": "a.txt", "summary": "In another folder."})
    for bad in (5, {"document": "../a.txt"}, {"document": "../a.txt", "summary": " "}):
        with pytest.raises(DocumentError, match="line 2: no summary: 'document' or 'summary' is"):
            load(wanted, bad)
    with pytest.raises(DocumentError, match=r"none\.jsonl cannot be read"):
        load_references(tmp_path / "none.jsonl", documents)
