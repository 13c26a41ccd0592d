"""What the bytes of a PDF show at a glance: its pages, fonts that need care; damaged ones too."""

from __future__ import annotations

import io
import zlib

import pytest
from document_helpers import Save
from pdf_files import pdf

from keydiff_cli.documents import pdf_scan
from keydiff_cli.documents.pdf_scan import Signs, scan


@pytest.mark.parametrize("packed", [False, True])
def test_pages_are_counted(packed: bool, save: Save) -> None:
    with open(save("a.pdf", pdf(["a"] * 150, per_node=7, packed=packed)), "rb") as file:
        assert scan(file) == Signs(150)


def test_a_page_that_was_changed_counts_once(save: Save) -> None:
    page = b"\n%d 0 obj\n<</Type /Page/Parent 2 0 R>>\nendobj\n"
    with open(save("a.pdf", page % 3 + page % 4 + page % 3), "rb") as file:
        assert scan(file).pages == 2


@pytest.mark.parametrize(
    "data", [b"", b"/Type/ObjStm", b"/Type/ObjStm>>stream\r\nxx", b"/Type/Page/Type/Page"]
)
def test_what_is_no_pdf(data: bytes, save: Save) -> None:
    with open(save("a.pdf", data), "rb") as file:
        assert scan(file).pages <= 1
    assert scan(NoFile()) == Signs()


class NoFile(io.BytesIO):
    """A file that is not on disk."""


def test_objects_that_unpack_without_end(save: Save, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf_scan, "LARGEST", 1000)
    packed = zlib.compress(b"/Type/Page " * 1000)
    with open(save("a.pdf", b"/Type/ObjStm>>stream\n" + packed), "rb") as file:
        assert scan(file).pages == 91
