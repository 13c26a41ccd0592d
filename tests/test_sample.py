"""The sample document: it answers the questions beside it, and can be made again to the byte."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

SAMPLE = Path(__file__).resolve().parents[1] / "docs" / "sample"
PDF = SAMPLE / "harbour-report.pdf"
TEXT = (SAMPLE / "harbour-report.txt").read_text(encoding="utf-8")
FACTS: list[dict[str, Any]] = json.loads((SAMPLE / "facts.json").read_text(encoding="utf-8"))
REWORDED: list[dict[str, Any]] = json.loads(
    (SAMPLE / "other_words.json").read_text(encoding="utf-8")
)


@pytest.fixture(scope="module")
def pages() -> list[str]:
    return [page.extract_text() for page in PdfReader(PDF).pages]


def make(output: Path) -> bytes:
    subprocess.run([sys.executable, str(SAMPLE / "make_sample.py"), str(output)], check=True)
    return output.read_bytes()


def sentences() -> list[str]:
    """The sentences of the report, each of a paragraph, an entry of a list or a row of a table."""
    parts = re.split(r"\n\n|\n(?=[*|])", TEXT)
    return [line for part in parts for line in re.split(r"(?<=[.?!]) ", " ".join(part.split()))]


def stems(text: str) -> set[str]:
    """Words of four letters or more, without their endings."""
    words = re.findall("[a-z]{4,}", text.lower())
    return {re.sub("(?:ing|ed|es|s|er|ly)$", "", word) for word in words}


@pytest.mark.parametrize("fact", [*FACTS, *REWORDED], ids=lambda fact: str(fact["question"]))
def test_answer_stands_once_and_on_its_page(fact: dict[str, Any], pages: list[str]) -> None:
    holding = [n for n, text in enumerate(pages, 1) for _ in range(text.count(fact["answer"]))]
    assert holding == fact["pages"]


@pytest.mark.parametrize("fact", [*FACTS, *REWORDED], ids=lambda fact: str(fact["question"]))
def test_question_does_not_give_the_answer(fact: dict[str, Any]) -> None:
    assert fact["question"].endswith("?")
    assert fact["answer"].lower() not in fact["question"].lower()


@pytest.mark.parametrize("fact", REWORDED, ids=lambda fact: str(fact["question"]))
def test_other_words_are_not_those_of_the_sentence_with_the_answer(fact: dict[str, Any]) -> None:
    (sentence,) = (sentence for sentence in sentences() if fact["answer"] in sentence)
    assert stems(fact["question"]) & stems(sentence) == set()


@pytest.mark.parametrize("facts", [FACTS, REWORDED], ids=["facts", "other words"])
def test_facts_are_spread_over_all_pages(facts: list[dict[str, Any]], pages: list[str]) -> None:
    assert {page for fact in facts for page in fact["pages"]} == set(range(1, len(pages) + 1))


def test_text_is_extracted_cleanly(pages: list[str]) -> None:
    assert len(pages) == 8
    for number, text in enumerate(pages, 1):
        assert text.rstrip().endswith(f"Page {number}")
        assert not re.search(r"-\n", text), "a hyphenated line end"
        assert set(text) - set("\n£–’") <= {chr(code) for code in range(32, 127)}
    assert "Total arrivals 2,716 2,841 +125\n" in pages[1]


def test_pdf_holds_the_words_of_the_text_in_order(pages: list[str]) -> None:
    footer = re.compile(r"Calderhythe Harbour Office, Annual Report 2023\nPage \d\s*$")
    words = " ".join(footer.sub("", text) for text in pages).replace("–", "*").split()
    source = TEXT.replace("'", "’")
    assert words == [word for word in source.split() if word not in ("|", "#", "=", "==")]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    pytest.importorskip("reportlab")
    return make(tmp_path_factory.mktemp("sample") / "made.pdf")


def test_made_twice_it_is_the_same(made: bytes, tmp_path: Path) -> None:
    assert make(tmp_path / "again.pdf") == made


def test_made_again_it_is_the_file_here(made: bytes) -> None:
    reportlab = pytest.importorskip("reportlab")
    information = PdfReader(PDF).metadata
    assert information is not None
    if not str(information.creator).endswith(f" {reportlab.Version}"):
        pytest.skip(f"made by another version: {information.creator}")
    assert made == PDF.read_bytes()
