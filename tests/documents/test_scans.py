"""Pages of a PDF that are read as pictures: which, when, and what is said of them."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest
from document_helpers import NOTHING, Save, read, refusal
from ocr_helpers import FakeOcr
from pdf_files import Page, one_page, pdf

from keydiff_cli.documents import Document, open_document
from keydiff_cli.documents.ocr.ocr import NEEDED, OFF, Ocr
from keydiff_cli.errors import MemoryCapError

LONG = "\n".join(["Nine quays, of which the longest has 400 metres and two cranes."] * 3)
SCANNED = 'answer(f"scan of page {page}")'
USED = "read by OCR, which may have misread some of it"


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeOcr:
    """OCR that finds the same kind of text on every page."""
    return FakeOcr(tmp_path, monkeypatch, SCANNED)


def opened(path: str, ocr: Ocr) -> Document:
    document = open_document(path, NOTHING, ocr=ocr)
    document.recognise()
    return document


def test_pages_without_text_are_read(fake: FakeOcr, save: Save) -> None:
    document = opened(save("a.pdf", pdf([LONG, None, LONG, None])), Ocr())
    assert fake.asked == [2, 4]  # before anything is read
    assert read(document) == f"{LONG}\nscan of page 2\n{LONG}\nscan of page 4\n"
    assert fake.asked == [2, 4]
    assert document.ocr_pages == [2, 4] and document.left_out == []
    assert document.warnings == [f"pages 2, 4 of a.pdf were {USED}"]


def test_text_that_cannot_be_decoded_is_read(fake: FakeOcr, save: Save) -> None:
    document = opened(save("a.pdf", one_page(b"<0102030405>")), Ocr())
    assert read(document) == "scan of page 1\n"


def test_a_page_with_few_words_is_read_if_it_is_a_picture(
    save: Save, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = FakeOcr(tmp_path, monkeypatch, SCANNED, no_picture=3)
    pages: list[Page] = ["Page 1", "A page that has more text than OCR", "Title"]
    path = save("a.pdf", pdf(pages))
    document = opened(path, Ocr())
    assert fake.asked == [-1, 1, -2, 2, -3]
    assert read(document) == "scan of page 1\nA page that has more text than OCR\nTitle\n"
    assert document.ocr_pages == [1]


def test_all_pages_are_read_where_it_is_wanted(fake: FakeOcr, save: Save) -> None:
    document = opened(save("a.pdf", pdf([LONG, "x"])), Ocr("all"))
    assert read(document) == "scan of page 1\nscan of page 2\n"
    assert fake.asked == [1, 2]


def test_fields_stay(fake: FakeOcr, save: Save) -> None:
    field = b"/FT/Tx/T(berth)/V(nine)"
    document = opened(save("a.pdf", pdf([None], fields=[field])), Ocr())
    assert read(document) == "scan of page 1\nberth: nine\n"


@pytest.mark.parametrize("installed", [True, False])
def test_without_it_pages_are_left_out(
    installed: bool, fake: FakeOcr, save: Save, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not installed:
        monkeypatch.setattr("keydiff_cli.documents.ocr.ocr.engine", lambda: "")
    advice = "give it with ocr=auto" if installed else 'pip install "keydiff-cli[ocr]"'
    mode = OFF if installed else Ocr()
    path = save("a.pdf", pdf([LONG, None]))
    document = opened(path, mode)
    read(document)
    assert [(left.page, left.what) for left in document.left_out] == [(2, "pages without text")]
    assert fake.asked == [] and document.ocr_pages == []
    (said,) = document.warnings
    assert said.startswith("page 2 of a.pdf has no text (scanned?); it was not read: ")
    for path in (save("b.pdf", pdf([None])), save("c.pdf", one_page(b"<0102030405>"))):
        assert advice in refusal(lambda path=path: opened(path, mode).require_text())


def test_a_page_on_which_nothing_is_found(
    save: Save, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    FakeOcr(tmp_path, monkeypatch, 'answer("")')
    document = opened(save("a.pdf", pdf([LONG, None])), Ocr())
    read(document)
    assert document.warnings == [
        "page 2 of a.pdf has no text (scanned?); it was not read: OCR has found none"
    ]


def test_a_page_at_which_it_crashes(
    save: Save, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = f"os.abort() if page == 2 else {SCANNED}"
    fake = FakeOcr(tmp_path, monkeypatch, code)
    document = opened(save("a.pdf", pdf([None, None, None])), Ocr())
    assert read(document) == "scan of page 1\nscan of page 3\n"
    assert fake.asked == [1, 2, 3]  # each once
    assert [(left.page, left.what) for left in document.left_out] == [(2, "pages without text")]
    assert "page 2 of a.pdf could not be read by OCR (it crashed)" in document.warnings


def test_it_is_given_up_when_it_keeps_failing(
    save: Save, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = FakeOcr(tmp_path, monkeypatch, "os.abort()")
    document = opened(save("a.pdf", pdf([LONG, *[None] * 9])), Ocr())
    assert len(fake.asked) == 3
    read(document)
    assert "pages 2-10 of a.pdf could not be read by OCR (it crashed)" in document.warnings


def test_it_says_of_which_pages_it_is_unsure(
    save: Save, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    FakeOcr(tmp_path, monkeypatch, 'answer("Kopa6nb", 0.94 if page == 2 else 0.99)')
    document = opened(save("a.pdf", pdf([None, None])), Ocr())
    read(document)
    assert document.warnings[1].startswith("OCR is unsure of page 2 of a.pdf: ")


def test_a_later_run_need_not_wait_again(fake: FakeOcr, save: Save, tmp_path: Path) -> None:
    path, folder = save("a.pdf", pdf([None, LONG])), tmp_path / "kept"
    first = read(opened(path, Ocr(folder=folder)))
    assert fake.asked == [1]
    document = opened(path, Ocr(folder=folder))
    assert read(document) == first and document.ocr_pages == [1]
    assert fake.asked == [1]
    read(opened(path, Ocr("all", folder=folder)))  # which needs other pages
    assert len(fake.asked) == 3
    read(opened(save("a.pdf", pdf([None, None])), Ocr(folder=folder)))  # another file
    assert len(fake.asked) == 5


def test_a_later_run_tries_again_what_has_failed(
    save: Save, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, folder = save("a.pdf", pdf([LONG, None])), tmp_path / "kept"
    FakeOcr(tmp_path, monkeypatch, "os.abort()")
    opened(path, Ocr(folder=folder)).close()
    FakeOcr(tmp_path, monkeypatch, SCANNED)
    later = Ocr(folder=folder)
    opened(path, later).close()
    assert later.kept(sha256(Path(path).read_bytes()).hexdigest()).page(2) is not None


def test_without_a_folder_it_is_kept_as_long_as_the_run(fake: FakeOcr, save: Save) -> None:
    path, run = save("a.pdf", pdf([None])), Ocr()
    assert read(opened(path, run)) == read(opened(path, run))
    assert len(fake.asked) == 1


def test_progress_counts_pages(fake: FakeOcr, save: Save) -> None:
    told: list[tuple[str, int, int]] = []
    ocr = Ocr(tell=lambda *step: told.append(step))
    opened(save("a.pdf", pdf([None, LONG, None])), ocr).close()
    assert told == [("a.pdf", 0, 2), ("a.pdf", 1, 2), ("a.pdf", 2, 2)]


def test_a_cap_below_what_it_takes(
    fake: FakeOcr, save: Save, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save("a.pdf", pdf([LONG, None]))
    with pytest.raises(MemoryCapError, match=r"takes 650MB; raise it, or .* ocr=off"):
        opened(path, Ocr(cap=NEEDED - 1))
    assert fake.asked == []
    FakeOcr(tmp_path, monkeypatch, SCANNED, no_picture=2)
    opened(save("b.pdf", pdf([LONG, "Title"])), Ocr(cap=NEEDED - 1)).close()  # it is not needed
    opened(path, Ocr(cap=NEEDED)).close()


def test_closing_ends_the_process(fake: FakeOcr, save: Save) -> None:
    document = open_document(save("a.pdf", pdf([None] * 30)), NOTHING, ocr=Ocr())
    next(document.pieces())
    recogniser = document._scans._recogniser  # type: ignore[attr-defined]
    process = recogniser._worker._process
    assert process.poll() is None
    document.close()
    assert process.poll() is not None
