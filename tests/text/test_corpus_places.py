"""The corpus: the text and the place of each token, as it is read and from what was kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from functools import partial
from unittest import mock

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from text_helpers import END, SAMPLE, MadeDocument, PlainBytes, open_corpus, whole_text

from keydiff_cli.documents import Heading, LeftOut
from keydiff_cli.llama import Model
from keydiff_cli.text.corpus import Corpus
from keydiff_cli.text.cutting import cut_text
from keydiff_cli.text.places import TokenPlace
from keydiff_cli.text.records import DocumentRecord

TEXT = SAMPLE / "harbour-report.txt"

steady = settings(derandomize=True, deadline=None, max_examples=100)


# The text and the place of tokens ---------------------------------------------------------------


def check_lines(corpus: Corpus, record: DocumentRecord) -> None:
    """Each line of a text is where it says, as far as a token begins it."""
    lines = TEXT.read_text(encoding="utf-8").split("\n")
    breaks, checked = 0, 0
    begins = False
    for token in range(record.start, record.start + record.tokens):
        if begins and breaks >= 2:
            line = breaks - 2  # that the introduction ends with
            assert corpus.place(token) == TokenPlace(record.name, None, line + 1)
            assert lines[line].startswith(corpus.text(token, token + 3).split("\n")[0])
            checked += 1
        text = corpus.text(token, token + 1)
        begins = text.endswith("\n")
        breaks += text.count("\n")
    assert checked > 200


def test_a_token_is_on_the_line_that_it_begins_on(bytewise: Corpus) -> None:
    check_lines(bytewise, bytewise.documents[0])


@pytest.mark.model
def test_the_lines_of_the_small_model(by_model: Corpus) -> None:
    check_lines(by_model, by_model.documents[0])


words = st.text("ab \n\u00e4", min_size=1, max_size=30)
texts = st.lists(words, min_size=1, max_size=4)
paged = st.lists(st.lists(words, max_size=2), min_size=1, max_size=5)


def made(number: int, content: list[str] | list[list[str]]) -> MadeDocument:
    """A text of some pieces, or a PDF of some pages of pieces, that is never blank."""
    name = f"document {number}"
    if isinstance(content[0], str):
        return MadeDocument([*((text, None) for text in content), ("end", None)], name=name)
    pieces = [(text, page) for page, texts in enumerate(content, 1) for text in texts]
    count = len(content)
    return MadeDocument([*pieces, ("end", count)], pages=count, name=name)


def expected(contents: list[list[str] | list[list[str]]]) -> Iterator[tuple[str, TokenPlace]]:
    """The text of these documents character by character, each with its place."""
    for number, content in enumerate(contents):
        name, lead = f"document {number}", "" if number == 0 else "\n\n"
        lead += f"Document: document {number}\n\n"
        if isinstance(content[0], str):
            yield from ((character, TokenPlace(name, None, 1)) for character in lead)
            yield from lines("".join(content) + "end", name, None)
            continue
        yield from ((character, TokenPlace(name, 1, 1)) for character in lead)
        for page, texts in enumerate(content, 1):
            text = "".join(texts) + ("end" if page == len(content) else "")
            if text:
                mark = f"[Page {page}]\n"
                yield from ((character, TokenPlace(name, page, 1)) for character in mark)
                yield from lines(text, name, page)


def lines(text: str, name: str, page: int | None) -> Iterator[tuple[str, TokenPlace]]:
    line = 1
    for character in text:
        yield character, TokenPlace(name, page, line)
        line += character == "\n"


@given(
    st.lists(st.one_of(texts, paged), min_size=1, max_size=3),
    st.integers(3, 60),
    st.lists(st.integers(1, 80), min_size=1, max_size=4),
)
@steady
def test_every_token_has_its_text_and_place(
    contents: list[list[str] | list[list[str]]], limit: int, steps: list[int]
) -> None:
    """However the documents come in pieces, are cut into parts, and are read on."""
    documents = [made(number, content) for number, content in enumerate(contents)]
    known = list(expected(contents))
    with mock.patch("keydiff_cli.text.introduction.cut_text", partial(cut_text, limit=limit)):
        corpus = Corpus(documents, PlainBytes())
        turn = 0
        while not corpus.ended:
            corpus.read_to(corpus.tokens + steps[turn % len(steps)])
            turn += 1
    assert whole_text(corpus) == "".join(character for character, _ in known)
    places = [place for character, place in known for _ in character.encode()]
    assert [corpus.place(token) for token in range(corpus.tokens)] == places
    assert [corpus.page(token) for token in range(corpus.tokens)] == [p.page for p in places]
    again = Corpus.of(corpus.documents, corpus.slice(0, corpus.tokens), PlainBytes())
    assert [again.place(token) for token in range(again.tokens)] == places


@given(texts, st.integers(-5, 150), st.integers(-5, 150), st.integers(3, 40))
@example(["some text"], -3, 5, 10)
@example(["some text"], -3, -1, 10)
@steady
def test_the_text_of_some_tokens(content: list[str], start: int, stop: int, limit: int) -> None:
    with mock.patch("keydiff_cli.text.introduction.cut_text", partial(cut_text, limit=limit)):
        corpus = Corpus([made(0, content)], PlainBytes())
        corpus.read_to(END)
    data = b"".join(character.encode() for character, _ in expected([content]))
    part = data[max(start, 0) : max(stop, 0)]
    assert corpus.text(start, stop) == part.decode("utf-8", "replace")
    assert corpus.slice(start, stop).dtype == np.int32
    assert corpus.slice(start, stop).tolist() == list(part)


@pytest.mark.parametrize("token", [-1, 10**6])
def test_what_was_not_read_has_no_place(bytewise: Corpus, token: int) -> None:
    for ask in (bytewise.document, bytewise.page, bytewise.place):
        with pytest.raises(ValueError, match=f"token {token} is none of the"):
            ask(token)
    nothing = Corpus([], PlainBytes())
    assert (nothing.read_to(1), nothing.ended, nothing.text(0, 5)) == (0, True, "")
    assert nothing.progress(0) is None
    with pytest.raises(ValueError, match="token 0"):
        nothing.place(0)


def test_pages_may_begin_behind_a_part_of_an_introduction() -> None:
    """A name longer than a part: the mark of the first page is not read yet."""
    corpus = Corpus([MadeDocument([("Text.", 1)], pages=1, name="n" * 9000)], PlainBytes())
    corpus.read_to(1)
    assert (corpus.documents[0].page_starts, corpus.place(5).page) == ([], 1)
    corpus.read_to(END)
    assert corpus.place(corpus.tokens - 1).line == 1
    assert corpus.text(corpus.documents[0].page_starts[0], END) == "[Page 1]\nText."


def test_parts_without_tokens_lose_nothing() -> None:
    class NoDigits(PlainBytes):
        def tokenize(self, text: str):
            return super().tokenize("".join(c for c in text if not c.isdigit()))

    pieces = [("word\n" * 820, None), ("7" * 30_000, None), ("\nand the end", None)]
    corpus = Corpus([MadeDocument(pieces)], NoDigits())
    corpus.read_to(END)
    assert 0 in {len(part) for part in corpus._parts}
    assert whole_text(corpus) == "Document: a\n\n" + "word\n" * 820 + "\nand the end"
    assert corpus.place(corpus.tokens - 1) == TokenPlace("a", None, 822)
    blocks = list(corpus.blocks(512))
    assert sum(len(block.ids) for block in blocks) == corpus.tokens


# The same, from what was kept of it -------------------------------------------------------------


def check_again(corpus: Corpus, model: PlainBytes | Model) -> None:
    again = Corpus.of(corpus.documents, corpus.slice(0, corpus.tokens), model)
    assert (again.tokens, again.ended) == (corpus.tokens, True)
    assert again.documents == corpus.documents
    assert again.documents[0] is not corpus.documents[0]
    assert whole_text(again) == whole_text(corpus)
    tokens = np.random.default_rng(7).integers(0, corpus.tokens, 200).tolist()
    for token in (*tokens, 0, corpus.tokens - 1):
        assert again.place(token) == corpus.place(token)
        assert again.document(token) == corpus.document(token)
    assert again.progress(5) is None
    assert again.read_to(END) == corpus.tokens


def test_what_was_read_before_has_the_same_places(bytewise: Corpus) -> None:
    check_again(bytewise, PlainBytes())


@pytest.mark.model
def test_what_the_small_model_read_before_has_the_same_places(
    by_model: Corpus, small_model: Model
) -> None:
    check_again(by_model, small_model)


def test_taking_up_what_was_read_asks_the_vocabulary_for_nothing() -> None:
    """A saved book is taken up at once; its lines are counted when a place is asked for."""
    pieces: list[int] = []

    class Counting(PlainBytes):
        def piece(self, token: int) -> bytes:
            pieces.append(token)
            return super().piece(token)

    corpus = Corpus.of([], np.full(100_000, 10, np.int32), Counting())
    assert len(pieces) < 10
    corpus.documents = [DocumentRecord("a", "text", None, 0, None, tokens=100_000)]
    assert corpus.place(99_999).line == 99_999 - 2 + 1
    assert len(pieces) < 110_000
    pieces.clear()
    assert corpus.place(99_998).line == 99_998 - 2 + 1
    assert len(pieces) < 5000  # not all of them again


def test_another_instance_of_the_model_goes_on() -> None:
    class Closing(PlainBytes):
        closed = False

        def tokenize(self, text: str):
            assert not self.closed
            return super().tokenize(text)

        def piece(self, token: int) -> bytes:
            assert not self.closed
            return super().piece(token)

    sketch = Closing()
    corpus = open_corpus(sketch, TEXT)
    read = corpus.read_to(1)
    sketch.closed = True
    corpus = corpus.bound_to(PlainBytes())
    assert corpus.read_to(END) > read
    assert whole_text(corpus) == f"Document: {TEXT.name}\n\n" + TEXT.read_text(encoding="utf-8")
    assert corpus.place(read).document == TEXT.name


def test_pages_of_other_kinds_have_names_and_headings() -> None:
    class Book(MadeDocument):
        page_kind = "chapter"

        def page_name(self, number: int) -> str:
            return {2: "The quay"}.get(number, "")

        def page_heading(self, number: int) -> str:
            return {3: "Fees"}.get(number, "")

    book = Book([("One.\n", 1), ("Two.\n", 2), ("Three.\nFour.\n", 3)], pages=3)
    book.page_kind = "chapter"
    book.outline = [Heading("The quay", 1, 2, None)]
    book.left_out = [LeftOut(1, "pictures", 2)]
    corpus = Corpus([book], PlainBytes())
    corpus.read_all()
    record = corpus.documents[0]
    assert whole_text(corpus).endswith(
        "[Chapter 1]\nOne.\n[Chapter 2: The quay]\nTwo.\n[Chapter 3: Fees]\nThree.\nFour.\n"
    )
    assert (record.page_kind, record.page_names) == ("chapter", ["", "The quay"])
    assert corpus.place(corpus.tokens - 2) == TokenPlace("a", 3, 2, "chapter")
    assert (record.outline, record.left_out) == (book.outline, book.left_out)
    assert DocumentRecord.of(json.loads(json.dumps(asdict(record)))) == record
