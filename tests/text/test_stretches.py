"""Pages, parts and sections of documents as ranges of tokens, with their lines."""

from __future__ import annotations

import numpy as np
import pytest
from text_helpers import END, MadeDocument, PlainBytes

from keydiff_cli.documents import Heading
from keydiff_cli.text import stretches as module
from keydiff_cli.text.corpus import Corpus
from keydiff_cli.text.stretches import Stretch, Stretches, line_breaks

LINE = "x" * 99 + "\n"
LEAD = len("Document: a\n\n")


def corpus_of(*documents: MadeDocument) -> Corpus:
    """Documents that were read to their end, a token for each byte."""
    corpus = Corpus(documents, PlainBytes())
    corpus.read_to(END)
    return corpus


def pdf(*texts: str, name: str = "a.pdf") -> MadeDocument:
    pages = [(text, number) for number, text in enumerate(texts, 1) if text]
    return MadeDocument(pages, pages=len(texts), name=name)


def check_lines(corpus: Corpus, stretch: Stretch) -> None:
    assert stretch.lines is not None
    places = corpus.place(stretch.start), corpus.place(stretch.stop - 1)
    assert stretch.lines == (places[0].line, places[1].line)


def test_line_breaks_are_counted_by_token() -> None:
    corpus = corpus_of(MadeDocument([("ab\n\nc", None)]))
    text = corpus.text(0, corpus.tokens)
    breaks = [text[:token].count("\n") for token in range(len(text) + 1)]
    assert line_breaks(corpus).tolist() == breaks


def test_pages_are_parts_and_those_without_text_are_left_out() -> None:
    corpus = corpus_of(pdf("one", "", "three"), pdf("four", name="b.pdf"))
    corpus.documents[0].page_names = ["i"]
    first, second = Stretches(corpus).parts
    assert [(part.pages, part.label, part.lines) for part in first] == [
        ((1, 1), "i", None), ((3, 3), "", None),
    ]  # fmt: skip
    assert [corpus.text(part.start, part.stop)[-5:] for part in first] == ["]\none", "three"]
    assert (first[0].start, second[0].stop) == (0, corpus.tokens)
    assert first[-1].stop == second[0].start


def test_what_has_no_pages_is_cut_at_lines_into_parts_that_say_them() -> None:
    corpus = corpus_of(MadeDocument([(LINE * 20, None)]), MadeDocument([(LINE * 3, None)]))
    long, short = Stretches(corpus).parts
    assert [part.stop - part.start for part in long] == [LEAD + 500, 500, 500, 500]
    assert [part.lines for part in long] == [(1, 5), (6, 10), (11, 15), (16, 20)]
    assert [part.lines for part in short] == [(1, 3)]
    for part in (*long, *short):
        check_lines(corpus, part)


def test_a_text_without_lines_is_cut_anywhere() -> None:
    (parts,) = Stretches(corpus_of(MadeDocument([("x" * 2000, None)]))).parts
    assert [part.stop - part.start for part in parts] == [500, 500, 500, 500 + LEAD]
    assert {part.lines for part in parts} == {(1, 1)}


def test_a_long_page_is_cut_into_parts_that_say_its_lines() -> None:
    corpus = corpus_of(pdf("one", LINE * 20))
    (parts,) = Stretches(corpus).parts
    assert [part.pages for part in parts] == [(1, 1)] + [(2, 2)] * 4
    for part in parts[1:]:
        check_lines(corpus, part)


def test_sections_of_a_text_have_what_is_below_them() -> None:
    text = "Top\n1\n2\nSub\n3\nNext\n4\n"
    corpus = corpus_of(MadeDocument([(text, None)]))
    corpus.documents[0].outline = [
        Heading("Top", 1, None, 1), Heading("Sub", 2, None, 4), Heading("Next", 1, None, 6),
        Heading("Lost", 1, None, None),
    ]  # fmt: skip
    (sections,) = Stretches(corpus).sections
    assert [(section.label, section.lines) for section in sections] == [
        ("Top", (1, 5)), ("Sub", (4, 5)), ("Next", (6, 7)),
    ]  # fmt: skip
    texts = [corpus.text(section.start, section.stop) for section in sections]
    assert texts == ["Top\n1\n2\nSub\n3\n", "Sub\n3\n", "Next\n4\n"]


def test_sections_of_pages_are_whole_pages() -> None:
    corpus = corpus_of(pdf("one", "two", "three", "four"))
    starts = corpus.documents[0].page_starts
    assert starts is not None
    corpus.documents[0].outline = [
        Heading("A", 1, 1, None), Heading("B", 1, 2, None), Heading("C", 1, 2, None),
        Heading("D", 1, 4, None), Heading("E", 1, 9, None),
    ]  # fmt: skip
    (sections,) = Stretches(corpus).sections
    assert [(section.label, section.pages) for section in sections] == [
        ("A", (1, 1)), ("B", (2, 2)), ("C", (2, 3)), ("D", (4, 4)),
    ]  # fmt: skip
    assert [section.start for section in sections] == [starts[0], starts[1], starts[1], starts[3]]
    assert sections[-1].stop == corpus.tokens


def test_a_heading_whose_line_is_known_begins_its_section_within_the_page() -> None:
    corpus = corpus_of(pdf("intro\nA\na", "b\nB\nc"))
    corpus.documents[0].outline = [Heading("A", 1, 1, 2), Heading("B", 1, 2, 2)]
    (sections,) = Stretches(corpus).sections
    texts = [corpus.text(section.start, section.stop) for section in sections]
    assert texts == ["A\na[Page 2]\nb\n", "B\nc"]
    assert [section.pages for section in sections] == [(1, 2), (2, 2)]


def test_the_deepest_headings_are_left_out_where_there_are_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_SECTIONS", 2)
    corpus = corpus_of(MadeDocument([("A\nB\nC\nD\n", None)]))
    levels = [1, 2, 1, 2]
    corpus.documents[0].outline = [
        Heading(name, level, None, line)
        for line, (name, level) in enumerate(zip("ABCD", levels, strict=True), 1)
    ]
    assert [section.label for section in Stretches(corpus).sections[0]] == ["A", "C"]


def test_what_is_read_on_later_changes_nothing() -> None:
    corpus = corpus_of(pdf("one", "two"))
    stretches = Stretches(corpus)
    corpus.documents[0].tokens -= 2
    assert stretches.parts[0][-1].stop == corpus.tokens
    assert np.sum([part.stop - part.start for part in stretches.parts[0]]) == corpus.tokens
