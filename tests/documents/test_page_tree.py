"""The page tree of a PDF: every page in order, and a tree that is damaged."""

from __future__ import annotations

import io

import pytest
from document_helpers import piped, read, refusal, text_of
from pdf_files import pdf

from keydiff_cli.documents.pypdf_pages import PypdfPages


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("per_node", [0, 7])
def test_every_page_in_order(packed: bool, per_node: int) -> None:
    pages = [f"page {n}" for n in range(50)]
    assert text_of(pdf(pages, per_node=per_node, packed=packed)) == "\n".join(pages) + "\n"


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("per_node", [0, 2])
def test_pages_beyond_the_number_that_is_declared(packed: bool, per_node: int) -> None:
    pages = ["one", "two", "three", "four"]
    document = piped(pdf(pages, per_node=per_node, packed=packed, declared=2))
    assert document.pages == document.total == 4
    assert read(document) == "one\ntwo\nthree\nfour\n"
    assert document.warnings == [
        "pages 3-4 of standard input were read by pypdf, and perhaps less well, "
        "as PDFium failed (the PDF declares too few pages)"
    ]


def test_a_page_tree_in_a_circle() -> None:
    data = pdf(["a"] * 4, per_node=2)
    start = data.index(b"/Kids[", data.index(b"5 0 obj"))
    document = piped(data[:start] + b"/Kids[5 0 R" + data[start + 11 :])
    assert read(document) == "a\na\na\n"  # by PDFium, which takes the circle for one page
    assert document.warnings == [
        "page 4 of standard input could not be read (the page is damaged) and was left out"
    ]


@pytest.mark.parametrize("per_node", [0, 7])
def test_pypdf_finds_the_same_pages(per_node: int) -> None:
    data = pdf([f"page {n}" for n in range(20)], per_node=per_node)
    second = PypdfPages(io.BytesIO(data), "a.pdf")
    assert second.pages == 20
    assert [second.text(number) for number in (1, 8, 20)] == ["page 0", "page 7", "page 19"]


def test_pypdf_refuses_a_tree_in_a_circle() -> None:
    data = pdf(["a"] * 4, per_node=2)
    start = data.index(b"/Kids[", data.index(b"5 0 obj"))
    data = data[:start] + b"/Kids[5 0 R" + data[start + 11 :]
    assert "circle" in refusal(lambda: PypdfPages(io.BytesIO(data), "a.pdf"))
