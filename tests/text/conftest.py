"""Documents that the tests of this folder share, each read once."""

from __future__ import annotations

from pathlib import Path

import pytest
from pdf_files import pdf
from text_helpers import SAMPLE, PlainBytes, read_corpus

from keydiff_cli.llama import Model
from keydiff_cli.text.corpus import Corpus


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A text, a small text, a PDF, and one of which three pages are blank."""
    folder = tmp_path_factory.mktemp("documents")
    (folder / "small.txt").write_text("Der Hafen heißt Calderhythe. 🚢\n", encoding="utf-8")
    (folder / "größer.pdf").write_bytes(pdf([None, "Two.", None, "[Page 4] Four.", None]))
    return [
        SAMPLE / "harbour-report.txt",
        folder / "small.txt",
        SAMPLE / "harbour-report.pdf",
        folder / "größer.pdf",
    ]


@pytest.fixture(scope="session")
def bytewise(files: list[Path]) -> Corpus:
    """These files, a token for each byte."""
    return read_corpus(PlainBytes(), *files)


@pytest.fixture(scope="session")
def by_model(files: list[Path], small_model: Model) -> Corpus:
    """These files, as the small model has them."""
    return read_corpus(small_model, *files)
