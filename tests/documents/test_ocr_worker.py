"""The program that reads pages as pictures: the real one, which needs the extra ``ocr``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from document_helpers import NOTHING, Save, read
from pdf_files import Page, one_page, pdf

from keydiff_cli.documents import open_document
from keydiff_cli.documents.ocr.ocr import Ocr
from keydiff_cli.documents.ocr.recogniser import Recogniser, RecogniserError

pytest.importorskip("rapidocr", reason='pip install -e ".[ocr]"')

WORDS = "The longest of nine quays has 411 metres.\nIt was built in 1962 (and widened in 1987)."


@pytest.fixture
def drawn(save: Save) -> Iterator[Recogniser]:
    """Pages: text, nothing, a picture, a picture with a number, half a picture, and turned text."""
    image = b"q %d 0 0 800 0 0 cm /Im1 Do Q BT /F1 10 Tf 50 750 Td (Page 4) Tj ET"
    pages: list[Page] = [WORDS, b"", None, image % 600, image % 200]
    data = pdf(pages)
    path = Path(save("a.pdf", data))
    with path.open("rb") as file:
        recogniser = Recogniser(file.fileno())
        yield recogniser
        recogniser.close()


@pytest.mark.ocr
def test_what_it_reads(drawn: Recogniser) -> None:
    found = drawn.page(1)
    assert "".join(found.text.split()) == "".join(WORDS.split())
    assert found.text.count("\n") == 1
    assert found.score > 0.96
    assert drawn.page(2).text == drawn.page(3).text == ""
    assert [drawn.is_picture(number) for number in range(1, 6)] == [False, False, True, True, False]


@pytest.mark.ocr
def test_a_turned_page(save: Save) -> None:
    shown = b"BT /F1 14 Tf 0 1 -1 0 300 100 Td (Nine quays and a mole of 411 metres) Tj ET"
    path = save("a.pdf", one_page(shown, page=b"/Rotate 90"))
    document = open_document(path, NOTHING, ocr=Ocr("all"))
    assert read(document) == "Nine quays and a mole of 411 metres\n"
    assert document.ocr_pages == [1]


@pytest.mark.ocr
def test_a_damaged_page(save: Save) -> None:
    data = pdf([WORDS, WORDS]).replace(b"7 0 obj\n<<", b"7 0 obj\n42")
    with open(save("a.pdf", data), "rb") as file:
        recogniser = Recogniser(file.fileno())
        with pytest.raises(RecogniserError, match="it cannot be drawn or read"):
            recogniser.page(2)
        assert "nine quays" in recogniser.page(1).text
        recogniser.close()


@pytest.mark.ocr
def test_a_page_of_huge_size_is_drawn_smaller(save: Save) -> None:
    data = pdf([WORDS]).replace(b"[0 0 600 800]", b"[0 0 14400 14400]")
    with open(save("a.pdf", data), "rb") as file:
        recogniser = Recogniser(file.fileno())
        recogniser.page(1)  # nobody can read it, and it does not fail
        recogniser.close()
