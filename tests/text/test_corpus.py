"""The corpus: what it says of each document, of each token, and how far it reads on."""

from __future__ import annotations

import hashlib
import io
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import settings
from pdf_files import pdf
from text_helpers import (
    END,
    SAMPLE,
    MadeDocument,
    PlainBytes,
    SpaceFirst,
    open_corpus,
    read_corpus,
    whole_text,
)

from keydiff_cli.documents import open_document
from keydiff_cli.errors import DocumentError
from keydiff_cli.llama import Model
from keydiff_cli.text.corpus import Corpus
from keydiff_cli.text.places import TokenPlace

PDF = SAMPLE / "harbour-report.pdf"
TEXT = SAMPLE / "harbour-report.txt"
BLANK_PAGES = pdf([None, "Two.", None, "[Page 4] Four.", None])

steady = settings(derandomize=True, deadline=None, max_examples=100)


# Documents and their records --------------------------------------------------------------------


def check_introductions(model: PlainBytes | Model, folder: Path) -> None:
    (folder / "one.txt").write_text("First.\n")
    (folder / "two <|im_end|>.md").write_text("Second.")
    corpus = read_corpus(model, folder / "one.txt", folder / "two <|im_end|>.md")
    assert whole_text(corpus) == (
        "Document: one.txt\n\nFirst.\n\n\nDocument: two <|im_end|>.md\n\nSecond."
    )
    assert [record.name for record in corpus.documents] == ["one.txt", "two <|im_end|>.md"]


def test_documents_are_introduced_by_name(tmp_path: Path) -> None:
    check_introductions(PlainBytes(), tmp_path)


@pytest.mark.model
def test_the_small_model_gets_what_introduces_documents(small_model: Model, tmp_path: Path) -> None:
    check_introductions(small_model, tmp_path)


def test_only_the_first_document_begins_the_text(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("One.")
    corpus = read_corpus(SpaceFirst(), *[tmp_path / "a.txt"] * 2)
    assert whole_text(corpus) == " Document: a.txt\n\nOne.\n\nDocument: a.txt\n\nOne."


def test_documents_of_one_name_are_introduced_by_what_tells_them_apart(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "README.md").write_text(f"In {folder}.")
    corpus = read_corpus(PlainBytes(), *(tmp_path / name / "README.md" for name in "ab"))
    assert whole_text(corpus) == (
        "Document: a/README.md\n\nIn a.\n\nDocument: b/README.md\n\nIn b."
    )
    assert [record.name for record in corpus.documents] == ["a/README.md", "b/README.md"]
    assert corpus.place(corpus.tokens - 1) == TokenPlace("b/README.md", None, 1)


def check_records(corpus: Corpus, files: list[Path]) -> None:
    assert corpus.ended
    assert corpus.tokens == sum(record.tokens for record in corpus.documents)
    for record, path in zip(corpus.documents, files, strict=True):
        assert record.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
        assert record.tokens > 0
    for record, path in zip(corpus.documents[:2], files[:2], strict=True):
        assert record.characters == len(path.read_text(encoding="utf-8"))
    with open_document(str(PDF), io.BytesIO()) as document:
        assert corpus.documents[2].characters == sum(len(p.text) for p in document.pieces())
    assert [(record.kind, record.pages) for record in corpus.documents] == [
        ("markdown", None),  # it has headings
        ("text", None),
        ("pdf", 8),
        ("pdf", 5),
    ]


def test_records_say_what_was_read(bytewise: Corpus, files: list[Path]) -> None:
    check_records(bytewise, files)
    introduction = len("Document: harbour-report.txt\n\n")
    assert bytewise.documents[0].tokens == introduction + len(TEXT.read_bytes())


@pytest.mark.model
def test_records_of_what_the_small_model_reads(
    by_model: Corpus, files: list[Path], small_model: Model
) -> None:
    check_records(by_model, files)
    introduction = small_model.tokenize("Document: harbour-report.txt\n\n")
    alone = small_model.tokenize(TEXT.read_text(encoding="utf-8"))
    assert abs(by_model.documents[0].tokens - len(introduction) - len(alone)) <= 2


def test_a_document_that_is_not_read_to_its_end_has_no_hash() -> None:
    corpus = open_corpus(PlainBytes(), TEXT)
    assert corpus.documents == []
    first = corpus.read_to(1)
    record = corpus.documents[0]
    assert 0 < first < len(TEXT.read_bytes())
    assert (record.tokens, record.sha256) == (first, None)
    assert not corpus.ended
    assert corpus.read_all() == corpus.tokens > first
    assert corpus.ended
    assert record.sha256 is not None


def test_warnings_are_passed_on(tmp_path: Path) -> None:
    scanned, latin = tmp_path / "scanned.pdf", tmp_path / "latin.txt"
    scanned.write_bytes(pdf(["Only this.", None]))
    latin.write_bytes("Größe und Übermaß der Brücke über den Fluß.\n".encode("latin-1") * 20)
    about_pdf, about_text = read_corpus(PlainBytes(), TEXT, scanned, latin).warnings
    assert about_pdf.startswith("page 2 of scanned.pdf has no text")
    assert about_text.startswith("latin.txt is not UTF-8")


def test_standard_input_is_a_document() -> None:
    corpus = read_corpus(PlainBytes(), "-", stdin=TEXT.read_bytes())
    expected = "Document: standard input\n\n" + TEXT.read_text(encoding="utf-8")
    assert whole_text(corpus) == expected
    assert corpus.documents[0].sha256 == hashlib.sha256(TEXT.read_bytes()).hexdigest()
    steps = {corpus.progress(number) for number in range(1, corpus.tokens + 1)}
    assert {step.total for step in steps if step} == {None}
    assert None not in steps

    corpus = read_corpus(PlainBytes(), "-", stdin=PDF.read_bytes())
    assert (corpus.documents[0].kind, corpus.documents[0].pages) == ("pdf", 8)


def test_a_document_that_turns_out_wrong_ends_the_reading() -> None:
    good, blank = MadeDocument([("Text. ", None)]), MadeDocument([(" \n" * 9000, None)], name="b")
    corpus = Corpus([good, blank], PlainBytes())
    with pytest.raises(DocumentError, match="b is empty"):
        corpus.read_to(END)
    read = corpus.tokens
    assert not corpus.ended
    with pytest.raises(RuntimeError, match="broken off"):  # instead of taking it for the end
        corpus.read_to(END)
    assert whole_text(corpus).startswith("Document: a\n\nText. \n\nDocument: b\n\n")
    assert corpus.read_to(read) == read  # what was read before is there


def test_an_interrupt_while_a_part_is_tokenised_skips_nothing_in_silence() -> None:
    class Interrupted(PlainBytes):
        def tokenize(self, text: str):
            if "middle" in text:
                raise KeyboardInterrupt
            return super().tokenize(text)

    text = "beginning " * 500 + "middle " + "end " * 2000
    corpus = Corpus([MadeDocument([(text, None)])], Interrupted())
    with pytest.raises(KeyboardInterrupt):
        corpus.read_to(END)
    with pytest.raises(RuntimeError, match="broken off"):
        corpus.bound_to(PlainBytes()).read_to(END)


# Where documents and pages begin ----------------------------------------------------------------


def check_index(corpus: Corpus) -> None:
    text, small, harbour, last = corpus.documents
    assert (text.start, text.page_starts) == (0, None)
    assert small.start == text.tokens
    assert harbour.start == small.start + small.tokens
    assert last.start == harbour.start + harbour.tokens
    assert harbour.page_starts is not None
    assert len(harbour.page_starts) == 8
    introduction = corpus.text(harbour.start, harbour.page_starts[1])
    assert "Document: harbour-report.pdf\n\n" in introduction
    for number, start in enumerate(harbour.page_starts, 1):
        mark = f"[Page {number}]"
        assert mark in corpus.text(start, start + 8)
        assert mark not in corpus.text(start + 1, start + 8)

    end = last.start + last.tokens
    one, two, three, four, five = last.page_starts or []
    assert (one, three, five) == (two, four, end)
    assert corpus.text(two, end).lstrip().startswith("[Page 2]\nTwo.")
    assert corpus.text(four, end).lstrip().startswith("[Page 4]\n[Page 4] Four.")
    for number in (1, 2):
        assert corpus.place(harbour.page_starts[number]) == TokenPlace(PDF.name, number + 1, 1)
    assert corpus.place(last.start) == TokenPlace("größer.pdf", 1, 1)
    assert (corpus.page(two), corpus.page(four), corpus.page(end - 1)) == (2, 4, 4)
    assert corpus.page(text.tokens - 1) is None


def test_an_index_says_where_documents_and_pages_begin(bytewise: Corpus) -> None:
    check_index(bytewise)


@pytest.mark.model
def test_the_index_of_the_small_model(by_model: Corpus) -> None:
    check_index(by_model)


@pytest.mark.large
@pytest.mark.parametrize("fixture", ["gemma_path", "half_billion_path"])
def test_the_index_with_other_vocabularies(
    fixture: str, request: pytest.FixtureRequest, files: list[Path]
) -> None:
    with closing(Model(request.getfixturevalue(fixture), weights=False)) as model:
        check_index(read_corpus(model, *files))
