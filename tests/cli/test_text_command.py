"""``keydiff text``: what the model would read, on stdout, without a model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli_helpers import fails, run
from ocr_helpers import FakeOcr
from pdf_files import pdf
from text_helpers import SAMPLE, PlainBytes, read_corpus, whole_text

PDF, TEXT = SAMPLE / "harbour-report.pdf", SAMPLE / "harbour-report.txt"


@pytest.fixture
def nothing(tmp_path: Path) -> Path:
    """A folder without models."""
    folder = tmp_path / "models"
    folder.mkdir()
    return folder


def test_it_prints_what_the_model_would_read(nothing: Path) -> None:
    result = run("text", PDF, TEXT, models=nothing)
    assert (result.status, result.err) == (0, "")
    assert result.out == whole_text(read_corpus(PlainBytes(), PDF, TEXT))


def test_json_is_an_object_a_page(nothing: Path) -> None:
    result = run("text", "--json", PDF, TEXT, models=nothing)
    pages = [json.loads(line) for line in result.out.splitlines()]
    assert [page["page"] for page in pages] == [*range(1, 9), None]
    assert {page["page_kind"] for page in pages[:8]} == {"page"}
    text = whole_text(read_corpus(PlainBytes(), PDF))
    assert text.endswith(f"[Page 8]\n{pages[7]['text']}")
    assert pages[8]["text"] == TEXT.read_text(encoding="utf-8")
    keys = ["document", "page", "page_kind", "name", "heading", "text", "ocr"]
    assert all(list(page) == keys for page in pages)


def test_it_says_what_was_read_and_what_not(nothing: Path, tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    path.write_bytes(b"The mole \x96 of 40 m.\n")
    result = run("text", "--stats", PDF, "-", models=nothing, stdin=path.read_bytes())
    assert result.status == 0
    lines = [line.split() for line in result.err.splitlines()]
    assert ["keydiff:", "warning:", "1", "byte", "of", "standard", "input"] in [
        line[:7] for line in lines
    ]
    assert ["harbour-report.pdf", "pdf", "8", "pages"] in [line[:4] for line in lines]
    assert ["standard", "input", "text", "-", "20"] in lines


def test_what_ocr_has_read_is_marked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nothing: Path
) -> None:
    fake = FakeOcr(tmp_path, monkeypatch, 'answer("Nine quays.")')
    path = tmp_path / "scan.pdf"
    path.write_bytes(pdf([None]))
    kept = {"KEYDIFF_CACHE": "1", "KEYDIFF_CACHE_DIR": str(tmp_path / "kept")}
    result = run("text", "--json", "--stats", path, models=nothing, **kept)
    assert json.loads(result.out)["text"] == "Nine quays.\n"
    assert json.loads(result.out)["ocr"] is True
    assert "1 page, 1 by OCR" in result.err
    assert run("text", path, models=nothing, **kept).out.endswith("Nine quays.\n")
    assert fake.asked == [1]  # the second time it was kept
    said = fails(run("text", "--ocr", "off", path, models=nothing, **kept), 3)
    assert "give it with --ocr auto to read them" in said
    run("text", "--no-cache", path, models=nothing, **kept)
    assert fake.asked == [1, 1]


def test_bad_input_ends_in_a_line(nothing: Path, tmp_path: Path) -> None:
    (tmp_path / "empty.txt").touch()
    for name, reason in (("empty.txt", "is empty"), ("none.txt", "none.txt")):
        assert reason in fails(run("text", tmp_path / name, models=nothing), 3)
