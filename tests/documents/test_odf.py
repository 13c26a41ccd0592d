"""OpenDocument: texts, spreadsheets and presentations."""

from __future__ import annotations

from document_helpers import piped, read, refusal, text_of
from kind_files import odf

from keydiff_cli.documents import Heading, LeftOut

_STYLES = (
    '<style:style style:name="gone"><style:table-properties table:display="false"/></style:style>'
    '<style:style style:name="off"><style:drawing-page-properties '
    'presentation:visibility="hidden"/></style:style>'
    '<style:style style:name="P1" style:parent-style-name="Title"/>'
    '<style:style style:name="up"><style:text-properties style:text-position="super 58%"/>'
    '</style:style><text:list-style style:name="L1"><text:list-level-style-number text:level="1" '
    'style:num-format="1" style:num-suffix="." text:start-value="3"/></text:list-style>'
)


def test_a_text() -> None:
    body = (
        "<text:tracked-changes><text:changed-region><text:deletion><text:p>old</text:p>"
        "</text:deletion></text:changed-region></text:tracked-changes>"
        '<text:p text:style-name="P1">Report</text:p>'
        '<text:h text:outline-level="2">Ferries</text:h>'
        '<text:p>10<text:span text:style-name="up">6</text:span>'
        '<text:s text:c="2"/>leaves'
        '<text:note text:note-class="footnote"><text:note-citation>1</text:note-citation>'
        "<text:note-body><text:p>Not on Sunday.</text:p></text:note-body></text:note> at nine."
        "<office:annotation><dc:creator>Bo</dc:creator><text:p>Sure?</text:p></office:annotation>"
        '</text:p><text:list text:style-name="L1">'
        "<text:list-item><text:p>x</text:p></text:list-item>"
        "<text:list-item><text:p>y</text:p></text:list-item></text:list>"
        "<table:table><table:table-row><table:table-cell><text:p>A</text:p></table:table-cell>"
        "<table:table-cell><text:p>B</text:p></table:table-cell></table:table-row></table:table>"
    )
    document = piped(odf("text", body, styles=_STYLES))
    assert read(document) == (
        "# Report\n\n## Ferries\n\n10^6  leaves[1] at nine.\n[Footnote 1: Not on Sunday.]\n"
        "[Comment by Bo: Sure?]\n\n3. x\n4. y\n\nA | B\n"
    )
    assert (document.kind, document.page_kind) == ("odt", None)
    assert document.outline == [Heading("Report", 1, None, 1), Heading("Ferries", 2, None, 3)]
    assert document.left_out == [LeftOut(None, "deleted passages", 1)]
    assert document.warnings == ["1 deleted passage of standard input was not read"]


def test_a_spreadsheet() -> None:
    cell = '<table:table-cell office:value-type="{}"{}>{}</table:table-cell>'
    header = cell.format("string", "", "<text:p>Name</text:p>") + cell.format(
        "string", "", "<text:p>Price</text:p>"
    )
    values = cell.format("string", "", "<text:p>Ferry</text:p>") + cell.format(
        "currency", ' table:number-columns-repeated="2"', "<text:p>4,711 €</text:p>"
    )
    sheet = (
        f"<table:table-row>{header}</table:table-row>"
        '<table:table-row table:number-rows-repeated="5"/>'
        f'<table:table-row table:number-rows-repeated="3">{values}</table:table-row>'
        '<table:table-row table:number-rows-repeated="1048000"><table:table-cell/>'
        "</table:table-row>"
    )
    document = piped(
        odf(
            "spreadsheet",
            f'<table:table table:name="Budget">{sheet}</table:table>'
            f'<table:table table:name="Secret" table:style-name="gone">{sheet}</table:table>',
            styles=_STYLES,
        )
    )
    assert read(document) == "Row 1: Name | Price\nRows 7-9: Ferry | 4,711 € | 4,711 €\n"
    assert (document.kind, document.page_kind, document.pages) == ("ods", "sheet", 2)
    assert document.page_name(1) == "Budget"
    assert document.left_out == [LeftOut(2, "hidden sheets", 1)]
    assert document.warnings == ["1 hidden sheet of standard input was not read"]


def test_a_presentation() -> None:
    frame = (
        '<draw:frame presentation:class="{}"><draw:text-box><text:p>{}</text:p></draw:text-box>'
        "</draw:frame>"
    )
    body = (
        f"<draw:page>{frame.format('title', 'Ferries')}{frame.format('outline', 'one')}"
        f"{frame.format('page-number', '7')}<presentation:notes>"
        f"{frame.format('notes', 'Say hello')}"
        '</presentation:notes></draw:page><draw:page draw:style-name="off">'
        f"{frame.format('title', 'secret')}</draw:page>"
    )
    document = piped(odf("presentation", body, styles=_STYLES))
    assert read(document) == "# Ferries\n\none\n\nNotes: Say hello\n"
    assert (document.kind, document.page_kind, document.pages) == ("odp", "slide", 2)
    assert document.left_out == [LeftOut(2, "hidden slides", 1)]


def test_other_kinds_of_opendocument() -> None:
    data = odf("graphics", "<draw:page/>")
    assert "of a kind that is not read; save it as PDF" in refusal(lambda: text_of(data))


def test_what_says_only_in_its_manifest_what_it_is() -> None:
    manifest = (
        '<m:manifest xmlns:m="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        '<m:file-entry m:full-path="/" m:media-type="application/vnd.oasis.opendocument.text"/>'
        "</m:manifest>"
    )
    parts = {"mimetype": "", "META-INF/manifest.xml": manifest}
    assert text_of(odf("text", "<text:p>Ferry</text:p>", parts=parts)) == "Ferry\n"


def test_text_boxes_on_a_sheet() -> None:
    boxes = (
        "<draw:custom-shape><text:p>No</text:p><text:p>ferry</text:p></draw:custom-shape>"
        "<draw:frame><draw:text-box><text:p>Sorry</text:p></draw:text-box></draw:frame>"
        "<draw:frame><draw:image/></draw:frame>"
    )
    cells = "<table:table-cell><text:p>Ferry</text:p></table:table-cell>"
    sheet = (
        f'<table:table table:name="One"><table:shapes>{boxes}</table:shapes>'
        f"<table:table-row>{cells}</table:table-row></table:table>"
    )
    document = piped(odf("spreadsheet", sheet))
    assert read(document) == "[Text box: No ferry]\n[Text box: Sorry]\nRow 1: Ferry\n"
    assert document.left_out == [LeftOut(1, "pictures", 1)]
