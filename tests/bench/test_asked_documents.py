"""Files of questions about documents: what is in them, and what is wrong with them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from keydiff_cli.bench.asked_documents import Choice, load_questions
from keydiff_cli.errors import DocumentError, UsageError

PLAIN = {"document": "a.txt", "question": "Who?", "answer": "Pepper"}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A file of questions that is not written yet, beside two documents."""
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text(f"The text of {name}.\n")
    return tmp_path / "questions.jsonl"


def write(data: Path, *items: Any) -> Path:
    data.write_text("".join(f"{json.dumps(item)}\n" for item in items), encoding="utf-8")
    return data


def test_each_document_has_its_questions(data: Path) -> None:
    full = {**PLAIN, "document": "b.txt", "kind": "place", "pages": [2, 3], "evidence": ["x"]}
    write(data, PLAIN, full, {**PLAIN, "question": " Why? "}, PLAIN)
    first, second = load_questions(data, None, Choice())
    assert (first.path, second.path) == (data.parent / "a.txt", data.parent / "b.txt")
    assert first.sha256 == hashlib.sha256(first.path.read_bytes()).hexdigest()
    assert [question.text for question in first.questions] == ["Who?", "Why?"]  # each once
    (question,) = second.questions
    assert (question.reference, question.kind, question.pages) == ("Pepper", "place", (2, 3))
    assert first.questions[0].kind == "question"


def test_the_name_of_a_question_holds_what_it_is_and_what_it_is_about(data: Path) -> None:
    names = set()
    for changes in ({}, {"question": "Why?"}, {"answer": "Salt"}, {"kind": "x"}):
        (document,) = load_questions(write(data, {**PLAIN, **changes}), None, Choice())
        names.add(document.id(document.questions[0]))
    (data.parent / "a.txt").write_text("Another text.\n")
    (document,) = load_questions(write(data, PLAIN), None, Choice())
    names.add(document.id(document.questions[0]))
    assert len(names) == 5


def test_choices_go_into_the_question(data: Path) -> None:
    choices = ["a cat", "a dog"]
    inside = {**PLAIN, "question": "What? (A) a cat (B) a dog", "answer": "B", "text": "a dog"}
    write(
        data,
        {**PLAIN, "question": "What?", "choices": choices, "answer": "a dog"},
        {**PLAIN, "question": "Which?", "choices": choices, "answer": "(A)"},
        inside,
    )
    (document,) = load_questions(data, None, Choice())
    what, which, there = document.questions
    assert what.text == "What?\n\n(A) a cat\n(B) a dog"
    assert (what.reference, which.reference, there.reference) == ("B", "(A)", "B")
    assert there.text == inside["question"]
    assert {question.kind for question in document.questions} == {"choice"}


def test_an_array_and_questions_that_name_no_document(data: Path) -> None:
    items = [{"question": "Who?", "answer": "Pepper", "page": 1}]
    data.write_text(json.dumps(items, indent=1))
    (document,) = load_questions(data, data.parent / "b.txt", Choice())
    assert document.path.name == "b.txt"
    with pytest.raises(DocumentError, match=r"item 1: no question: 'document' is missing"):
        load_questions(data, None, Choice())


def test_some_of_the_questions(data: Path) -> None:
    items = [
        {"document": name, "question": f"{kind} {number}?", "answer": "x", "kind": kind}
        for name in ("a.txt", "b.txt")
        for kind in ("place", "absent")
        for number in range(3)
    ]
    write(data, *items)

    def chosen(*options: Any) -> list[list[str]]:
        documents = load_questions(data, None, Choice(*options))
        return [[question.text for question in document.questions] for document in documents]

    assert chosen((), "b.*", 1) == [["place 0?", "absent 0?"]]
    assert chosen(("absent",), "*", 2) == [["absent 0?", "absent 1?"]] * 2
    with pytest.raises(UsageError, match="kind: 'plac' is not one of place, absent"):
        chosen(("plac",))
    with pytest.raises(UsageError, match=r"documents: nothing in .* matches c\.\*"):
        chosen((), "c.*")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"question": ""}, "'question' is no text, or an empty one"),
        ({"answer": 5}, "'answer' is no text, or an empty one"),
        ({"document": ["a.txt"]}, "'document' is no text"),
        ({"kind": 1}, "'kind' is no text"),
        ({"pages": [1, "2"]}, "'pages' is no list of numbers"),
        ({"choices": "ab"}, "'choices' is no list of texts"),
        ({"choices": ["a", "b"]}, "'answer' is none of the 'choices', and not the letter of one"),
        ({"choices": list("abcdefghi")}, "there are more than 8 'choices'"),
    ],
)
def test_a_bad_line_is_named(data: Path, changes: dict[str, Any], message: str) -> None:
    write(data, PLAIN, {**PLAIN, **changes})
    with pytest.raises(DocumentError, match=f"questions.jsonl, line 2: no question: {message}"):
        load_questions(data, None, Choice())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{}\n{", "line 1: no question: 'question' is no text"),
        ("\n{\n", "line 2: no question: it is no JSON object"),
        ("[1]", "item 1: no question: it is no JSON object"),
        ("[1", "is no JSON array"),
        (" \n", "is empty: there is nothing in it"),
        (b"\xff", "cannot be read: it is no UTF-8"),
        (json.dumps({**PLAIN, "document": "c.txt"}), "c.txt cannot be read: No such file"),
    ],
)
def test_a_bad_file_is_named(data: Path, content: str | bytes, message: str) -> None:
    data.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DocumentError, match=message):
        load_questions(data, None, Choice())


def test_a_file_that_is_not_there(data: Path) -> None:
    with pytest.raises(DocumentError, match=r"questions\.jsonl cannot be read: No such file"):
        load_questions(data, None, Choice())
