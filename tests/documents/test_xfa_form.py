"""Forms in XFA: their data are read where no page shows them, and it is said if they cannot be."""

from __future__ import annotations

import pytest
from document_helpers import piped, read
from pdf_files import one_page, stream

from keydiff_cli.documents.left_out import LeftOut

DATA = (
    b'<xfa:datasets xmlns:xfa="http://www.xfa.org/schema/xfa-data/1.0/"><xfa:data><form>'
    b"<!-- note --><Guest>Ida\n Berg</Guest><Room><Number>12</Number><View/></Room>"
    b"</form></xfa:data></xfa:datasets>"
)
WAIT = b"BT /F1 9 Tf 50 700 Td (Please wait...) Tj ET"


def form(xfa: bytes, objects: dict[int, bytes], fields: bytes = b"") -> bytes:
    catalog = b"/NeedsRendering true/AcroForm<</Fields[%s]/XFA %s>>" % (fields, xfa)
    return one_page(WAIT, catalog=catalog, objects=objects)


@pytest.mark.parametrize(
    "xfa, objects",
    [
        (b"[(template)11 0 R(datasets)10 0 R]", {10: stream(DATA), 11: stream(b"<template/>")}),
        (b"10 0 R", {10: stream(b"<xdp>" + DATA + b"</xdp>")}),
    ],
)
def test_data_are_read(xfa: bytes, objects: dict[int, bytes]) -> None:
    document = piped(form(xfa, objects))
    assert read(document) == "Please wait...\nGuest: Ida Berg\nNumber: 12\n"
    assert document.warnings == []


@pytest.mark.parametrize(
    "data",
    [
        b"<broken",
        b"<datasets/>",
        b'<!DOCTYPE a [<!ENTITY b "c">]><data><a>&b;</a></data>',
        b"<data>" + b"<a>1</a>" * 600_000 + b"</data>",
    ],
    ids=["damaged", "without data", "entities", "too large"],
)
def test_data_that_cannot_be_read(data: bytes) -> None:
    document = piped(form(b"[(datasets)10 0 R]", {10: stream(data)}))
    assert read(document) == "Please wait...\n"
    assert document.left_out == [LeftOut(None, "forms (XFA)", 1)]
    assert len(document.warnings) == 1 and "form (XFA)" in document.warnings[0]


def test_data_that_form_fields_have_as_well_are_not_repeated() -> None:
    document = piped(form(b"10 0 R", {10: stream(DATA), 12: b"<</FT/Tx/T(Guest)>>"}, b"12 0 R"))
    assert read(document) == "Please wait...\n"
    assert document.warnings == []
