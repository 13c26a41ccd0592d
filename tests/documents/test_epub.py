"""Books: the order of the spine, names of sections, protection."""

from __future__ import annotations

import pytest
from document_helpers import piped, read, refusal
from kind_files import epub

from keydiff_cli.documents import Heading

_CONTENTS = '<nav><ol><li><a href="two.xhtml#x">The <i>bridge</i></a></li></ol></nav>'


def test_a_book() -> None:
    chapters = {
        "cover": "<img/>",
        "one": "<h1>The ferry</h1><p>Text</p>",
        "two": "<p>More &amp; more</p>",
    }
    document = piped(epub(chapters, contents=_CONTENTS))
    pieces = list(document.pieces())
    assert [(piece.page, document.page_name(piece.page or 0), piece.text) for piece in pieces] == [
        (2, "The ferry", "# The ferry\n\nText\n"),
        (3, "The bridge", "More & more\n"),
    ]
    assert (document.kind, document.unit, document.page_kind) == ("epub", "sections", "section")
    assert (document.pages, document.total, document.warnings) == (3, 3, [])
    assert document.outline == [Heading("The ferry", 1, 2, 1)]


def test_a_long_section_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keydiff_cli.documents.web.epub.PIECE", 4096)
    count = 10_000  # after which what there is of it is given on, and no text follows
    long = "<p>words</p>" * count + f"<!-- {'x ' * 100_000} -->"
    assert read(piped(epub({"one": long}))).count("words") == count


def test_a_table_of_contents_in_the_old_format() -> None:
    ncx = (
        '<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/"><navMap><navPoint><navLabel><text>Start'
        '</text></navLabel><content src="one.xhtml"/></navPoint></navMap></ncx>'
    )
    package = (
        '<package xmlns="http://www.idpf.org/2007/opf"><manifest>'
        '<item id="a" href="one.xhtml" media-type="application/xhtml+xml"/>'
        '<item id="n" href="toc.ncx" media-type="application/x-dtbncx+xml"/>'
        '<item id="p" href="p.svg" media-type="image/svg+xml"/></manifest>'
        '<spine><itemref idref="a"/><itemref idref="p"/></spine></package>'
    )
    parts = {"in/toc.ncx": ncx, "in/b.opf": package}
    document = piped(epub({"one": "<p>Text</p>"}, parts=parts))
    assert read(document) == "Text\n"
    assert document.page_name(1) == "Start"
    assert document.warnings == ["1 section in another format of standard input was not read"]


def _encryption(method: str) -> dict[str, str]:
    space = "http://www.w3.org/2001/04/xmlenc#"
    data = f'<e xmlns:x="{space}"><x:EncryptionMethod Algorithm="{method}"/></e>'
    return {"META-INF/encryption.xml": data}


def test_protection() -> None:
    chapters = {"one": "<p>Text</p>"}
    locked = epub(chapters, parts=_encryption("http://www.w3.org/2001/04/xmlenc#aes256-cbc"))
    assert "protected against copying" in refusal(lambda: piped(locked))
    fonts = epub(chapters, parts=_encryption("http://www.idpf.org/2008/embedding"))
    assert read(piped(fonts)) == "Text\n"


def test_a_book_without_a_spine() -> None:
    assert "its spine is empty" in refusal(lambda: piped(epub({})))
