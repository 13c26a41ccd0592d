"""Texts cut into passages: where they end, and that nothing is lost between them."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from text_helpers import END, MadeDocument, PlainBytes

from keydiff_cli.text.corpus import Corpus
from keydiff_cli.text.passages import LONGEST, cut_passages

INTRODUCTION = "Document: a\n\n"


def corpus_of(*documents: MadeDocument) -> Corpus:
    """Documents that were read to their end, a token for each byte."""
    corpus = Corpus(documents, PlainBytes())
    corpus.read_to(END)
    return corpus


def texts(*documents: MadeDocument) -> list[str]:
    """The passages of documents, as text."""
    corpus = corpus_of(*documents)
    passages = cut_passages(corpus)
    # They follow each other from the first token to the last one.
    ends = [0, *(passage.stop for passage in passages)]
    assert [passage.start for passage in passages] == ends[:-1]
    assert ends[-1] == corpus.tokens
    assert all(0 < passage.stop - passage.start <= LONGEST for passage in passages)
    return [corpus.text(passage.start, passage.stop) for passage in passages]


def cut(text: str) -> list[str]:
    """The passages of a text, the first without what introduces it."""
    first, *rest = texts(MadeDocument([(text, None)]))
    return [first.removeprefix(INTRODUCTION), *rest]


def test_a_short_text_is_one_passage() -> None:
    assert cut("Two boats lie at the quay.") == ["Two boats lie at the quay."]
    assert cut("x" * (LONGEST - len(INTRODUCTION))) == ["x" * (LONGEST - len(INTRODUCTION))]


@pytest.mark.parametrize("end", [".", "!", "?", "\n", ".\n"])
def test_a_passage_ends_with_a_sentence_or_a_line(end: str) -> None:
    first, second = f"{'a' * 70}{end}", "b" * 80
    assert cut(first + second) == [first, second]


def test_of_several_ends_of_a_kind_the_last_one_counts() -> None:
    text = "a" * 50 + "." + "b" * 20 + "." + "c" * 60
    assert cut(text) == ["a" * 50 + "." + "b" * 20 + ".", "c" * 60]


def test_a_line_counts_more_than_a_sentence() -> None:
    text = "a" * 60 + "\n" + "b" * 20 + "." + "c" * 60
    assert cut(text) == ["a" * 60 + "\n", "b" * 20 + "." + "c" * 60]


class Longer(PlainBytes):
    """Bytes, but for two tokens that stand for two line breaks, and for a full stop of three."""

    def tokenize(self, text: str) -> NDArray[np.int32]:
        return super().tokenize(text.replace("\n\n", "\x01").replace("\u3002", "\x02"))

    def piece(self, token: int) -> bytes:
        return {1: b"\n\n", 2: "\u3002".encode()}.get(token, bytes([token]))


@pytest.mark.parametrize(("end", "other"), [("\n\n", "\n"), ("\u3002", "b")])
def test_tokens_of_more_than_a_character_end_passages_too(end: str, other: str) -> None:
    """Two line breaks end a paragraph, which counts more than a line."""
    text = "a" * 60 + end + "b" * 20 + other + "c" * 90
    corpus = Corpus([MadeDocument([(text, None)])], Longer())
    corpus.read_to(END)
    first, *_ = cut_passages(corpus)
    assert corpus.text(0, first.stop) == f"{INTRODUCTION}{'a' * 60}{end}"


def test_an_end_in_the_first_half_does_not_count() -> None:
    """The passage would be too short to say anything."""
    text = "a" * 30 + "." + "b" * 200
    first, *_ = cut(text)
    assert len(INTRODUCTION + first) == LONGEST


def test_without_any_end_passages_are_as_long_as_they_may_be() -> None:
    assert [len(part) for part in texts(MadeDocument([("x" * 300, None)]))] == [112, 112, 89]


def test_no_character_is_cut() -> None:
    """Of three bytes each, so of three tokens."""
    parts = texts(MadeDocument([("\u4e2d" * 100, None)]))
    assert "".join(parts) == INTRODUCTION + "\u4e2d" * 100
    assert len(parts) > 2


def test_a_passage_is_of_one_page() -> None:
    pages = [("One.", 1), ("Two. " * 30, 2), ("Four.", 4)]
    parts = texts(MadeDocument(pages, pages=4))
    marks = [
        [mark for mark in (f"[Page {n}]" for n in (1, 2, 4)) if mark in part] for part in parts
    ]
    assert marks == [["[Page 1]"], ["[Page 2]"], [], ["[Page 4]"]]
    assert parts[0].endswith("[Page 1]\nOne.")
    assert parts[-1] == "[Page 4]\nFour."


def test_a_passage_is_of_one_document() -> None:
    parts = texts(*(MadeDocument([(f"{name} is short.", None)], name=name) for name in "abc"))
    assert parts == [
        f"{INTRODUCTION}a is short.",
        "\n\nDocument: b\n\nb is short.",
        "\n\nDocument: c\n\nc is short.",
    ]


def test_without_documents_there_are_no_passages() -> None:
    assert cut_passages(corpus_of()) == []


def test_what_was_kept_of_a_text_is_cut_like_the_text() -> None:
    corpus = corpus_of(MadeDocument([("One. Two? " * 40, None)]))
    again = Corpus.of(corpus.documents, corpus.slice(0, corpus.tokens), PlainBytes())
    assert cut_passages(again) == cut_passages(corpus)
