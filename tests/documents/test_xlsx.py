"""Workbooks: sheets, rows with their numbers, values as they are shown, what is hidden."""

from __future__ import annotations

from io import BytesIO
from zipfile import ZipFile

import pytest
from document_helpers import piped, read, refusal, text_of
from kind_files import package, relations, row, xlsx

from keydiff_cli.documents import LeftOut


def _shown(value: str, code: str) -> str:
    """A number as a cell of a format shows it."""
    escaped = code.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
    styles = (
        f'<numFmts><numFmt numFmtId="164" formatCode="{escaped}"/></numFmts>'
        '<cellStyleXfs><xf numFmtId="0"/></cellStyleXfs>'
        '<cellXfs><xf numFmtId="0"/><xf numFmtId="164"/></cellXfs>'
    )
    cell = f'<row r="1"><c s="1"><v>{value}</v></c></row>'
    return read(piped(xlsx({"A": cell}, styles=styles))).removeprefix("Row 1: ").strip()


@pytest.mark.parametrize(
    ("value", "code", "shown"),
    [
        ("4711.5", "General", "4711.5"),
        ("0.30000000000000004", "General", "0.3"),
        ("123456789012345", "General", "123456789012345"),
        ("4711.5", "#,##0.00", "4,711.50"),
        ("2.5", "0", "3"),
        ("-3", "#,##0;[Red](#,##0)", "(3)"),
        ("0", '0;-0;"nil"', "nil"),
        ("0.125", "0.0%", "12.5%"),
        ("1234567", '#,##0.0,,"M"', "1.2M"),
        ("5", "[$€-407] 0.00", "€ 5.00"),
        ("12345.6", '_-* #,##0.00\\ "€"_-', "12,345.60 €"),
        ("7", "0000", "0007"),
        ("2.5", "0.##", "2.5"),
        ("12345", "0.00E+00", "1.23E+04"),
        ("45415", "yyyy-mm-dd", "2024-05-03"),
        ("45415", "d mmmm yyyy", "3 May 2024"),
        ("45415.5882", "dd/mm/yy h:mm AM/PM", "03/05/24 2:07 PM"),
        ("0.5", "h:mm", "12:00"),
        ("1.75", "[h]:mm:ss", "42:00:00"),
        ("1", "yyyy-mm-dd", "1900-01-01"),
        ("-1", "yyyy-mm-dd", "-1"),
        ("1e999", "0.00", "1e999"),
        ("what", "0.00", "what"),
    ],
)
def test_numbers_as_they_are_shown(value: str, code: str, shown: str) -> None:
    assert _shown(value, code) == shown


def test_sheets_and_rows() -> None:
    budget = (
        row(1, "Name", "Price") + '<row r="4"><c r="A4" t="s"><v>1</v></c><c r="C4"><v>4711</v></c>'
        '<c r="D4" t="b"><v>1</v></c><c r="AZ4" t="str"><f>A1</f><v>far</v></c></row>'
        '<row r="5"><c r="A5"><f>1+1</f></c><c r="B5" t="e"><v>#DIV/0!</v></c></row>'
    )
    strings = "<si><t>no</t></si><si><r><t>Fer</t></r><r><t>ry</t></r><rPh><t>x</t></rPh></si>"
    sheets = {"Budget": budget, "Secret": row(1, "x"), "Empty": "", "Last": row(9, 1, 2)}
    document = piped(xlsx(sheets, strings=strings, hidden="Secret"))
    pieces = list(document.pieces())
    assert [(piece.page, document.page_name(piece.page or 0)) for piece in pieces] == [
        (1, "Budget"),
        (4, "Last"),
    ]
    assert pieces[0].text.splitlines() == [
        "Row 1: Name | Price",
        "Row 4: Ferry |  | 4711 | TRUE | AZ: far",
        "Row 5:  | #DIV/0!",
    ]
    assert pieces[1].text == "Row 9: 1 | 2\n"
    assert (document.kind, document.unit, document.pages) == ("xlsx", "sheets", 4)
    assert document.left_out == [
        LeftOut(1, "formulas without value", 1),
        LeftOut(2, "hidden sheets", 1),
    ]
    assert document.warnings == [
        "1 hidden sheet of standard input was not read",
        "1 formula without value of standard input was not read",
    ]


def test_the_header_is_repeated() -> None:
    rows = "".join(row(number, f"Ferry {number}", number) for number in range(2, 90))
    text = read(piped(xlsx({"A": row(1, "Name", "Price") + rows})))
    assert 2 < text.count("Columns: Name | Price\n") < 6
    assert text.index("Columns: ") > 20 * len("Name | Price")
    numbers = read(piped(xlsx({"A": row(1, 2024, "Price") + rows})))
    assert "Columns" not in numbers


def test_no_sheets() -> None:
    assert "without sheets" in refusal(lambda: piped(xlsx({})))


def _members(data: bytes) -> dict[str, bytes]:
    with ZipFile(BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_members_with_the_backslashes_of_windows() -> None:
    members = _members(xlsx({"One": row(1, "Ferry")}))
    data = package({name.replace("/", "\\"): member for name, member in members.items()})
    assert "Ferry" in text_of(data)


def test_text_boxes() -> None:
    office = "http://schemas.openxmlformats.org/drawingml/2006"
    paragraphs = "".join(f"<a:p><a:r><a:t>{text}</a:t></a:r></a:p>" for text in ("No", "ferry"))
    drawing = (
        f'<d:wsDr xmlns:d="{office}/spreadsheetDrawing" xmlns:a="{office}/main">'
        f"<d:sp><d:txBody>{paragraphs}</d:txBody></d:sp><d:sp/><d:pic/></d:wsDr>"
    )
    document = piped(
        package(
            {
                **_members(xlsx({"One": row(1, "Ferry")})),
                "xl/_rels/s1.xml.rels": relations(("drawing", "d.xml")),
                "xl/d.xml": drawing,
            }
        )
    )
    assert read(document) == "Row 1: Ferry\n\n[Text box: No ferry]\n"
    assert document.left_out == [LeftOut(1, "pictures", 1)]
