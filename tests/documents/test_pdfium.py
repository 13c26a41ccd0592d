"""The process with PDFium: it is asked for pages, and may fail at any of them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from document_helpers import NOTHING, Save, read
from pdf_files import pdf

from keydiff_cli.documents import open_document, pdfium
from keydiff_cli.documents.pdfium import About, Pdfium, PdfiumError


@pytest.fixture
def three(save: Save) -> str:
    return save("three.pdf", pdf(["one", "two", "three"]))


def test_pages_are_read_in_any_order(three: str) -> None:
    with open(three, "rb") as file:
        asked = Pdfium(file.fileno())
        assert asked.about() == About(3)
        assert [asked.page(index).text for index in (2, 0)] == ["three", "one"]
        asked.close()


def test_what_is_no_pdf_has_no_pages(save: Save) -> None:
    with open(save("a", b"%PDF-1.4\nnothing"), "rb") as file:
        asked = Pdfium(file.fileno())
        assert asked.about() == About()
        asked.close()


def worker(tmp_path: Path, code: str) -> Path:
    """A module in place of the worker's: it tells of three pages, and then does something."""
    path = tmp_path / "worker.py"
    path.write_text(
        "import os, time\n"
        "MAXIMUM_MEMORY = 1 << 30\n"
        "def serve(requests, descriptor):\n"
        "    yield {'pages': 3, 'xfa': False, 'outline': [], 'attachments': []}\n"
        "    for line in requests:\n"
        f"        yield {code}\n"
    )
    return path


@pytest.mark.parametrize(
    "code, reason",
    [
        ("os.abort()", "PDFium crashed"),
        ("time.sleep(60)", "it took more than 1 s"),
    ],
)
def test_a_page_at_which_it_fails(
    code: str, reason: str, three: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pdfium, "_WORKER", worker(tmp_path, code))
    monkeypatch.setattr(pdfium, "PATIENCE", 1.0)
    with open(three, "rb") as file:
        asked = Pdfium(file.fileno())
        assert asked.about().pages == 3
        with pytest.raises(PdfiumError, match=reason):
            asked.page(0)
        asked.close()


def test_the_next_page_is_begun_and_a_crash_at_it_takes_nothing_else(
    three: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked_for = tmp_path / "asked"
    page = "{'text': line.decode(), 'runs': [], 'heights': {}}"
    code = f"os.abort() if log.write(line) and line == b'1\\n' else {page}"
    module = worker(tmp_path, code)
    log = f"log = open({str(asked_for)!r}, 'ab', buffering=0)\n"
    module.write_text(log + module.read_text())
    monkeypatch.setattr(pdfium, "_WORKER", module)
    with open(three, "rb") as file:
        asked = Pdfium(file.fileno())
        assert asked.page(0).text == "0\n"
        assert asked._worker
        asked._worker._process.wait()  # it was not asked for yet
        with pytest.raises(PdfiumError, match="PDFium crashed"):
            asked.page(1)
        assert asked.page(2).text == "2\n"
        asked.close()
    assert asked_for.read_text().split() == ["0", "1", "2"]


def test_pages_at_which_it_crashes_are_read_by_pypdf(
    three: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pdfium, "_WORKER", worker(tmp_path, "os.abort()"))
    document = open_document(three, NOTHING)
    assert read(document) == "one\ntwo\nthree\n"
    assert document.warnings == [
        "pages 1-3 of three.pdf were read by pypdf, and perhaps less well, "
        "as PDFium failed (PDFium crashed)"
    ]


def test_it_is_given_up_when_it_keeps_failing(
    three: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pdfium, "_WORKER", worker(tmp_path, "os.abort()"))
    with open(three, "rb") as file:
        asked = Pdfium(file.fileno())
        said = []
        for _ in range(pdfium.MAXIMUM_RESTARTS + 3):
            with pytest.raises(PdfiumError) as caught:
                asked.page(0)
            said.append(str(caught.value))
        assert said[0] == "PDFium crashed" and said[-1] == "PDFium was given up"


def test_closing_ends_the_process(three: str) -> None:
    document = open_document(three, NOTHING)
    pieces = document.pieces()
    next(pieces)
    document = open_document(three, NOTHING)
    document.require_text()
    worker = document._pdfium._worker  # type: ignore[attr-defined]
    assert worker is None or worker._process.poll() is None
    document.close()
    assert document._pdfium._worker is None  # type: ignore[attr-defined]


def test_an_interrupt_ends_it_silently(save: Save) -> None:
    path = save("long.pdf", pdf(["some words\n" * 50] * 3000, per_node=10))
    code = (
        "import io, sys\n"
        "from keydiff_cli.documents import open_document\n"
        "try:\n"
        "    with open_document(sys.argv[1], io.BytesIO()) as document:\n"
        "        for piece in document.pieces():\n"
        "            print(piece.page, flush=True)\n"
        "except KeyboardInterrupt:\n"
        "    print('interrupted')\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code, path],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert child.stdout
    child.stdout.readline()
    os.killpg(child.pid, signal.SIGINT)
    out, said = child.communicate(timeout=20)
    assert out.endswith("interrupted\n") and said == ""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            os.killpg(child.pid, 0)
        except ProcessLookupError:
            break
        time.sleep(0.05)
    else:
        pytest.fail("the process with PDFium is still there")
