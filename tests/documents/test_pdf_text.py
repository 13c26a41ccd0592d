"""The text of a PDF's page: letters as letters, words whole, lines without blanks at their ends."""

from __future__ import annotations

import time

import pytest

from keydiff_cli.documents.pdf_text import Mender, clean, unreadable_share


def test_lines_end_without_blanks() -> None:
    assert clean("Left  \n  middle \t\r\nright \n\n \n") == "Left\n  middle\nright\n"
    assert clean(" \n\t") == ""


@pytest.mark.parametrize(
    "given, read",
    [
        ("o\ufb03ce \ufb01nds \ufb02oods", "office finds floods"),
        ("\ufefb\ufee1", "لام"),  # presentation forms of lam with alef, and of meem
        ("\ufb2a", "ש\u05c1"),
        ("² ½ ™ Ⅳ", "² ½ ™ Ⅳ"),  # which NFKC would make something else of
        ("so\u00adft\u200b", "soft"),
        ("4\u00a0711", "4 711"),
        ("\uf0b7 item", "• item"),
        ("\uf8ee\uf8f9", "⎡⎤"),
        ("\x0012\x7f", "�12�"),
        ("/g219/g207/g1/g20 end", "���� end"),
        ("/usr/lib/a1/b2", "/usr/lib/a1/b2"),
        ("\ud83d\ude00 \ud800", "\U0001f600 �"),
    ],
)
def test_characters(given: str, read: str) -> None:
    assert clean(given) == read + "\n"


@pytest.mark.parametrize(
    "page, read",
    [
        ("the repre\ufffesentation", "the representation"),
        ("the repre-\nsentation", "the representation"),
        ("the repre\u00ad\nsentation", "the representation"),
        ("a third\ufffeparty, a third of the party", "a third-party, a third of the party"),
        ("a note\ufffebook, note, book, notebook", "a notebook, note, book, notebook"),
        ("non\ufffelinear or non-linear", "non-linear or non-linear"),
        ("point-of\ufffesale", "point-of-sale"),
        ("the Franco\ufffeGerman", "the Franco-German"),
        ("pages 12\ufffe14", "pages 12-14"),
        ("https://a.org/man\ufffeual", "https://a.org/man-ual"),
        ("re\ufffeCon", "re-Con"),
        ("- \ufffe", "- -"),
    ],
)
def test_words_parted_at_the_ends_of_lines(page: str, read: str) -> None:
    mender = Mender()
    mender.learn(page)
    assert mender.mend(page) == read + "\n"


def test_words_of_other_pages_count() -> None:
    mender = Mender()
    mender.learn("the web, the site")
    mender.learn("a web\ufffesite")
    assert mender.mend("a web\ufffesite") == "a web-site\n"
    mender.learn("websites, or a website")
    assert mender.mend("a web\ufffesite") == "a website\n"


def test_a_page_without_spaces_takes_no_longer() -> None:
    page = "x" * 300_000 + "\ufffe" + "y\ufffe" * 50_000
    mender = Mender()
    start = time.process_time()
    mender.learn(page)
    mender.mend(page)
    assert time.process_time() - start < 2


def test_share_of_unreadable_glyphs() -> None:
    assert unreadable_share("\ufffd\ufffd a b\n") == 0.5
    assert unreadable_share("") == 0
