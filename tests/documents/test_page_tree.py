"""The page tree of a PDF: every page in order, and a tree that is damaged."""

from __future__ import annotations

import pytest
from document_helpers import piped, read, text_of
from pdf_files import pdf


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("per_node", [0, 7])
def test_every_page_in_order(packed: bool, per_node: int) -> None:
    pages = [f"page {n}" for n in range(50)]
    assert text_of(pdf(pages, per_node=per_node, packed=packed)) == "\n".join(pages) + "\n"


def test_a_page_tree_in_a_circle() -> None:
    data = pdf(["a"] * 4, per_node=2)
    start = data.index(b"/Kids[", data.index(b"5 0 obj"))
    document = piped(data[:start] + b"/Kids[5 0 R" + data[start + 11 :])
    assert "a" in read(document)  # by PDFium
    assert ["damaged in places" in line for line in document.warnings].count(True) == 1
