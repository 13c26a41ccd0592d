"""Word documents: headings, numbers, lists, tables, notes, comments, what is not shown."""

from __future__ import annotations

from document_helpers import piped, read, refusal, text_of
from kind_files import docx, paragraph

from keydiff_cli.documents import Heading, LeftOut

_STYLES = """
<w:style w:styleId="H1"><w:name w:val="heading 1"/></w:style>
<w:style w:styleId="Own"><w:basedOn w:val="H1"/></w:style>
<w:style w:styleId="Clause"><w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr></w:style>
"""
_NUMBERING = """
<w:abstractNum w:abstractNumId="7">
<w:lvl w:ilvl="0"><w:start w:val="4"/><w:numFmt w:val="decimal"/><w:lvlText w:val="%1."/></w:lvl>
<w:lvl w:ilvl="1"><w:numFmt w:val="lowerLetter"/><w:lvlText w:val="%1(%2)"/></w:lvl>
</w:abstractNum>
<w:abstractNum w:abstractNumId="8">
<w:lvl w:ilvl="0"><w:numFmt w:val="bullet"/></w:lvl>
</w:abstractNum>
<w:num w:numId="1"><w:abstractNumId w:val="7"/></w:num>
<w:num w:numId="2"><w:abstractNumId w:val="8"/></w:num>
"""


def _styled(text: str, style: str, depth: int = 0) -> str:
    return paragraph(
        text, f'<w:pStyle w:val="{style}"/><w:numPr><w:ilvl w:val="{depth}"/></w:numPr>'
    )


def test_headings_by_their_style() -> None:
    body = _styled("Annual report", "H1") + paragraph("Text.") + _styled("Ferries", "Own")
    document = piped(
        docx(body + paragraph("Sea", '<w:outlineLvl w:val="2"/>'), {"styles": _STYLES})
    )
    assert read(document) == "# Annual report\n\nText.\n\n# Ferries\n\n### Sea\n"
    assert (document.kind, document.unit, document.page_kind) == ("docx", "bytes", None)
    assert document.outline == [
        Heading("Annual report", 1, None, 1),
        Heading("Ferries", 1, None, 5),
        Heading("Sea", 3, None, 7),
    ]


def test_numbers_of_clauses() -> None:
    clauses = [("Term", 0), ("Notice", 1), ("Fee", 1), ("Law", 0), ("Place", 1)]
    body = "".join(_styled(text, "Clause", depth) for text, depth in clauses)
    bullet = '<w:numPr><w:ilvl w:val="0"/><w:numId w:val="2"/></w:numPr>'
    data = docx(body + paragraph("dot", bullet), {"styles": _STYLES, "numbering": _NUMBERING})
    assert text_of(data) == "4. Term\n4(a) Notice\n4(b) Fee\n5. Law\n5(a) Place\n- dot\n"


def test_a_table_row_by_row() -> None:
    cells = "".join(f"<w:tc>{paragraph(text)}</w:tc>" for text in ("Day", "Price"))
    more = f"<w:tc>{paragraph('Sunday')}</w:tc><w:tc>{paragraph('4')}{paragraph('euros')}</w:tc>"
    body = f"<w:tbl><w:tr>{cells}</w:tr><w:tr>{more}</w:tr></w:tbl>{paragraph('End')}"
    assert text_of(docx(body)) == "Day | Price\nSunday | 4 euros\n\nEnd\n"


def test_notes_and_comments_behind_their_paragraph() -> None:
    body = (
        '<w:p><w:r><w:t>Signed</w:t><w:footnoteReference w:id="2"/></w:r><w:r><w:t> today'
        '</w:t><w:endnoteReference w:id="3"/><w:commentReference w:id="0"/></w:r></w:p>'
    )
    parts = {
        "footnotes": f'<w:footnote w:id="2">{paragraph("On 4 May.")}</w:footnote>'
        f'<w:footnote w:id="0" w:type="separator">{paragraph("no")}</w:footnote>',
        "endnotes": f'<w:endnote w:id="3">{paragraph("In Kiel.")}</w:endnote>',
        "comments": f'<w:comment w:id="0" w:author="Bo">{paragraph("Sure?")}</w:comment>',
    }
    assert text_of(docx(body, parts)) == (
        "Signed[1] today[2]\n[Footnote 1: On 4 May.]\n[Endnote 2: In Kiel.]\n"
        "[Comment by Bo: Sure?]\n"
    )


def test_headers_and_footers_once() -> None:
    parts = {"header": paragraph("Secret"), "footer": paragraph("7")}
    assert text_of(docx(paragraph("Text"), parts)) == "[Header: Secret]\n\nText\n"


def test_what_is_not_shown_is_said() -> None:
    body = (
        "<w:p><w:r><w:t>Price </w:t></w:r><w:del><w:r><w:delText>4</w:delText></w:r></w:del>"
        "<w:ins><w:r><w:t>5</w:t></w:r></w:ins><w:r><w:rPr><w:vanish/></w:rPr><w:t>!</w:t></w:r>"
        "<w:r><w:instrText>PAGE</w:instrText><w:drawing><wp:docPr descr='A ferry'/><pic:pic/>"
        "</w:drawing></w:r></w:p>"
    )
    document = piped(docx(body))
    assert read(document) == "Price 5\n[Picture: A ferry]\n"
    assert document.left_out == [
        LeftOut(None, "deleted passages", 1),
        LeftOut(None, "hidden passages", 1),
        LeftOut(None, "pictures", 1),
    ]
    assert document.warnings == [
        "1 deleted passage of standard input was not read",
        "1 hidden passage of standard input was not read",
    ]


def test_a_text_box_once_and_special_characters() -> None:
    box = f"<w:txbxContent>{paragraph('In a box')}</w:txbxContent>"
    body = (
        f"<w:p><w:r><mc:AlternateContent><mc:Choice>{box}</mc:Choice><mc:Fallback>{box}"
        "</mc:Fallback></mc:AlternateContent><w:t>a</w:t><w:tab/><w:t>b</w:t><w:br/>"
        '<w:t>c</w:t><w:noBreakHyphen/><w:sym w:char="F0FE"/></w:r></w:p>'
    )
    assert text_of(docx(body)) == "a\tb\nc-☒\nIn a box\n"


def test_raised_digits_and_wide_cells() -> None:
    raised = '<w:r><w:rPr><w:vertAlign w:val="superscript"/></w:rPr><w:t>6</w:t></w:r>'
    text = "<w:p><w:r><w:t>10</w:t></w:r>" + raised + "<w:r><w:t>7</w:t></w:r></w:p>"
    wide = f'<w:tc><w:tcPr><w:gridSpan w:val="2"/></w:tcPr>{paragraph("ab")}</w:tc>'
    a, b, c = (f"<w:tc>{paragraph(name)}</w:tc>" for name in "abc")
    table = f"<w:tbl><w:tr>{wide}{c}</w:tr><w:tr>{a}{b}{c}</w:tr></w:tbl>"
    assert text_of(docx(text + table)) == "10^67\n\nab |  | c\na | b | c\n"


def test_no_text() -> None:
    assert "has no text" in refusal(lambda: text_of(docx("<w:p/>")))


def test_boxes_and_choices_of_forms() -> None:
    def field(data: str, result: str = "") -> str:
        return (
            f'<w:r><w:fldChar w:fldCharType="begin"><w:ffData>{data}</w:ffData></w:fldChar></w:r>'
            '<w:r><w:instrText>FORM</w:instrText></w:r><w:r><w:fldChar w:fldCharType="separate"/>'
            f'<w:t>{result}</w:t></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r>'
        )

    entries = '<w:listEntry w:val="sun"/><w:listEntry w:val="rain"/>'
    box = "<w:checkBox>{}</w:checkBox>".format
    for data, shown in [
        (box('<w:default w:val="0"/><w:checked/>'), "☒"),
        (box('<w:default w:val="1"/><w:checked w:val="0"/>'), "☐"),
        (box('<w:default w:val="1"/>'), "☒"),
        (f'<w:ddList><w:result w:val="1"/>{entries}</w:ddList>', "rain"),
        (f"<w:ddList>{entries}</w:ddList>", "sun"),
        ('<w:ddList><w:result w:val="7"/></w:ddList>', ""),
        ('<w:textInput><w:default w:val="name"/></w:textInput>', ""),
    ]:
        row = f"<w:p><w:r><w:t>A</w:t></w:r>{field(data)}<w:r><w:t>Z</w:t></w:r></w:p>"
        assert text_of(docx(row)) == f"A{shown}Z\n"
    # Where the value is text as well, it is read once.
    assert text_of(docx(f"<w:p>{field(f'<w:ddList>{entries}</w:ddList>', 'sun')}</w:p>")) == "sun\n"
