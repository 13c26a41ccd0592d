"""What of a PDF could not be read: counted page by page, and told in a line for each kind."""

from __future__ import annotations

from keydiff_cli.documents import pdf_losses as kinds
from keydiff_cli.documents.left_out import LeftOut
from keydiff_cli.documents.pdf_losses import Losses


def test_nothing_lost() -> None:
    losses = Losses()
    losses.add(kinds.GLYPHS, 1, 0)
    assert losses.left_out() == [] and list(losses.warnings("a.pdf", "read it aloud")) == []


def test_losses_are_listed_by_page() -> None:
    losses = Losses()
    losses.add_failed(3, "the page is damaged")
    losses.add(kinds.GLYPHS, 2, 4)
    losses.add(kinds.GLYPHS, 2, 1)
    losses.add_file(1, "a.txt")
    losses.add_file(None, "b.txt")
    losses.add_xfa()
    assert losses.left_out() == [
        LeftOut(None, "forms (XFA)", 1),
        LeftOut(1, "attachments", 1),
        LeftOut(None, "attachments", 1),
        LeftOut(2, "unreadable glyphs", 5),
        LeftOut(3, "pages that cannot be read", 1),
    ]


def test_a_line_for_each_kind() -> None:
    losses = Losses()
    for page in (1, 2, 4):
        losses.add(kinds.WITHOUT_TEXT, page)
    losses.add(kinds.NOT_DECODED, 5)
    losses.add(kinds.GLYPHS, 6, 1)
    losses.add(kinds.ANNOTATIONS, 7, 2)
    losses.add_second(8, "PDFium crashed")
    losses.complaint = "Multiple things"
    said = list(losses.warnings("a.pdf", "read it aloud"))
    assert (
        said[0]
        == "pages 1-2, 4 of a.pdf have no text (scanned?); they were not read: read it aloud"
    )
    assert said[1].startswith("page 5 of a.pdf has text that cannot be decoded")
    assert said[1].endswith("it was not read: read it aloud")
    assert said[2].startswith("page 8 of a.pdf was read by pypdf")
    assert said[3] == "1 glyph on page 6 of a.pdf cannot be decoded; each is read as \ufffd"
    assert said[4] == "annotations on page 7 of a.pdf could not be read"
    assert "damaged in places" in said[5] and len(said) == 6


def test_names_of_files_are_safe_and_few() -> None:
    losses = Losses()
    for number in range(7):
        losses.add_file(None, f"\x1b[31m{number}" + "x" * 100)
    (said,) = losses.warnings("a.pdf", "read it aloud")
    assert said.isprintable() and "and 2 more" in said and len(said) < 500
