"""Form fields of a PDF: what is filled in is read, what is damaged is passed over."""

from __future__ import annotations

import pytest
from document_helpers import piped, read, text_of
from pdf_files import pdf

from keydiff_cli.documents import form_fields
from keydiff_cli.documents.left_out import LeftOut


def test_form_fields_are_read() -> None:
    fields = [
        b"/FT/Tx/T(n)/TU(Your name)/V(Alice \\(W.\\))",
        b"/Parent<</FT/Tx/T(town)/V<FEFF004B00F6006C006E>>>",
        b"/FT/Ch/T(colours)/V[(red)(blue)]",
        b"/FT/Tx/V(no name)",
        b"/FT/Tx/T(empty)/V()",
        b"/FT/Tx/T(not filled)",
        b"/FT/Btn/Ff 65536/T(send)/V/Yes",
        b"/FT/Sig/T(signature)/V<</Type/Sig>>",
    ]
    lines = "Your name: Alice (W.)\ntown: Köln\ncolours: red, blue\nno name\n"
    for packed in (False, True):
        document = piped(pdf(["Please fill in.", "two"], fields=fields, packed=packed))
        pieces = list(document.pieces())
        assert [p.text for p in pieces] == ["Please fill in.\n" + lines, "two\n"]
        assert document.warnings == []
        assert text_of(pdf([b""], fields=fields)) == lines  # not taken for scanned


@pytest.mark.parametrize(
    "field",
    [
        b"/FT/Tx/V 99 0 R",
        b"/FT/Tx/Parent 1 0 R",
        b"/FT/Tx/Parent 7 0 R",
        b"/FT/Tx/V 5",
        b"/FT 5/V[[5]null]",
        b"/FT/Tx/Parent(x)",
        b">> null 5 (x) 99 0 R [5] <</Subtype/Widget",
    ],
)
def test_damaged_form_fields_are_passed_over(field: bytes) -> None:
    data = pdf(["text"], fields=[field, b"/FT/Tx/V(good)"])
    assert text_of(data) == "text\ngood\n"
    assert text_of(data.replace(b"/Annots[", b"/Annots 5 0 R%")) == "text\n"


def test_a_bomb_in_the_form_fields_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(form_fields, "MAXIMUM_TEXT", 10_000)
    document = piped(pdf(["one", "two"], fields=[b"/FT/Tx/V(%s)" % (b"x" * 999)] * 20))
    assert read(document) == "one\ntwo\n"
    assert document.warnings == ["form fields on page 1 of standard input could not be read"]
    assert document.left_out == [LeftOut(1, "form fields", 20)]


def test_ticked_boxes_and_chosen_buttons_are_read() -> None:
    fields = [
        b"/FT/Btn/T(a)/TU(Married)/V/Yes/AS/Yes",
        b"/FT/Btn/T(smoker)/V/Off/AS/Off",
        b"/FT/Btn/T(new)",
        b"/Parent<</FT/Btn/Ff 49152/T(Delivery)/V/courier>>/AS/Off",
        b"/Parent<</FT/Btn/Ff 49152/T(Delivery)/V/courier>>/AS/courier",
        b"/Parent<</FT/Btn/Ff 49152/T(Class)/Opt[(first)(second)]/V/1>>/AS/1",
    ]
    lines = "Married: yes\nsmoker: no\nnew: no\nDelivery: courier\nClass: second\n"
    assert text_of(pdf([b""], fields=fields)) == lines


def test_a_choice_is_read_as_it_is_shown() -> None:
    fields = [
        b"/FT/Ch/T(Country)/V(46)/Opt[[(45)(Denmark)][(46)(Sweden)]]",
        b"/FT/Ch/T(Colour)/V(red)/Opt[(red)(blue)]",
    ]
    assert text_of(pdf([b""], fields=fields)) == "Country: Sweden\nColour: red\n"
