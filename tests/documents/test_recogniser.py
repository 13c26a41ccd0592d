"""OCR as a process that is asked for pages: whether it is there, and what it is told."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest
from ocr_helpers import FakeOcr

from keydiff_cli.documents.ocr import recogniser
from keydiff_cli.documents.ocr.recogniser import Recogniser, RecogniserError, engine


def test_both_packages_have_to_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    there = {"rapidocr", "onnxruntime"}
    monkeypatch.setattr(
        recogniser, "find_spec", lambda name: find_spec("sys") if name in there else None
    )
    monkeypatch.setattr("importlib.metadata.version", lambda name: "3.10.0")
    assert engine() == "rapidocr-3.10.0"
    there.remove("onnxruntime")
    assert engine() == ""


def test_lines_become_text_and_pages_are_counted_from_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = FakeOcr(tmp_path, monkeypatch, r'answer(f"page {page}\nof nine", 0.5)', no_picture=2)
    with open(__file__, "rb") as file:
        asked = Recogniser(file.fileno())
        assert (asked.page(3).text, asked.page(3).score) == ("page 3\nof nine", 0.5)
        assert [asked.is_picture(number) for number in (1, 2)] == [True, False]
        asked.close()
    assert fake.asked == [3, 3, -1, -2]


def test_a_page_of_which_an_error_is_told_is_no_failure_of_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    FakeOcr(tmp_path, monkeypatch, '{"error": "why"} if page < 9 else answer("nine")')
    with open(__file__, "rb") as file:
        asked = Recogniser(file.fileno())
        for page in range(1, 6):
            with pytest.raises(RecogniserError, match=r"^why$"):
                asked.page(page)
        assert asked.page(9).text == "nine"
        asked.close()


def test_after_a_failure_the_next_page_is_read_and_after_three_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = FakeOcr(tmp_path, monkeypatch, 'os.abort() if page > 1 else answer("one")')
    with open(__file__, "rb") as file:
        asked = Recogniser(file.fileno())
        for page in (2, 3):
            with pytest.raises(RecogniserError, match="it crashed"):
                asked.page(page)
        assert asked.page(1).text == "one"
        with pytest.raises(RecogniserError, match="it crashed"):
            asked.page(4)
        with pytest.raises(RecogniserError, match="OCR was given up"):
            asked.page(1)
        asked.close()
    assert fake.asked == [2, 3, 1, 4]
