"""Small documents with one thing of each sort in them, for docs/kinds_compared.py.

Word, PowerPoint, Excel and OpenDocument files are written by the libraries themselves, with what
these have no words for put in as XML. ``MARKS`` says by which pattern a thing is known in the text
that a reader makes of the document.
"""

from __future__ import annotations

import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

# What is in the document, and how the text shows that it was kept.
MARKS: dict[str, dict[str, str]] = {
    "docx": {
        "level of a heading": r"(?m)^## Sub",
        "number of a clause": r"(?m)^\W*1\.1\.?\s+clause",
        "table in its place": r"(?s)before.*cella.*after",
        "cells of a row on one line": r"cella[^\n\w]+cellb",
        "text box": r"textbox",
        "footnote": r"footed",
        "footnote at its paragraph": r"(?s)before.*noted.*footed.*after",
        "comment": r"remark",
        "header": r"ontop",
        "inserted passage": r"inserted",
        "no deleted passage": r"(?s)\A(?!.*deleted)",
        "no hidden passage": r"(?s)\A(?!.*hidden)",
        "content control": r"controlled",
        "formula": r"formula",
        "raised digits set apart": r"10\^6",
    },
    "pptx": {
        "number of a slide": r"(?i)slide 1\b",
        "title marked": r"(?m)^#+ Head",
        "text box": r"textbox",
        "group": r"grouped",
        "table": r"cella",
        "cells of a row on one line": r"cella[^\n\w]+cellb",
        "notes": r"noted",
        "values of a chart": r"charted",
        "no hidden slide": r"(?s)\A(?!.*hidden)",
    },
    "xlsx": {
        "name of a sheet": r"Budget",
        "number of a row": r"(?m)^Row 7\b",
        "date as shown": r"5[ -]Mar[ -]2024",
        "percentage as shown": r"12\.5\s?%",
        "currency as shown": r"\$1,234\.50",
        "negative in brackets": r"\(1,000\)",
        "hidden row": r"hiddenrow",
        "no hidden sheet": r"(?s)\A(?!.*hiddensheet)",
        "header said again": r"(?s)heada.*heada",
        "comment": r"remark",
    },
    "odt": {
        "level of a heading": r"(?m)^## Sub",
        "number of an item": r"(?m)^\W*1\.\s+item",
        "cells of a row on one line": r"cella[^\n\w]+cellb",
        "text box": r"textbox",
        "footnote": r"footed",
        "footnote apart from its sentence": r"(?s)noted\S* sentence.*footed",
        "comment": r"remark",
        "header": r"ontop",
        "no deleted passage": r"(?s)\A(?!.*deleted)",
        "several spaces": r"two  spaces",
    },
    "html": {
        "title": r"Title",
        "level of a heading": r"(?m)^## Sub",
        "number of an item": r"(?m)^\W*3\.\s+item",
        "cells of a row on one line": r"cella[^\n\w]+cellb",
        "inline tags within a word": r"together",
        "blocks on lines of their own": r"(?m)^after$",
        "text of a picture": r"pictured",
        "field of a form": r"filled",
        "declared code page": r"\u043f\u0440\u0438\u0432\u0435\u0442",
        "no script": r"(?s)\A(?!.*scripted)",
        "nothing hidden": r"(?s)\A(?!.*hidden)",
        "raised digits set apart": r"10\^6",
    },
    "rtf": {
        "level of a heading": r"(?m)^## Sub",
        "cells of a row on one line": r"cella[^\n\w]+cellb",
        "footnote": r"footed",
        "footnote apart from its sentence": r"(?s)noted\S* sentence.*footed",
        "header": r"ontop",
        "code page of a font": r"\u043f\u0440\u0438\u0432\u0435\u0442",
        "Unicode with a substitute": r"\u20ac5",
        "no deleted passage": r"(?s)\A(?!.*deleted)",
        "no hidden passage": r"(?s)\A(?!.*hidden)",
    },
}

_CLAUSES = """<w:abstractNum {0} w:abstractNumId="90"><w:lvl w:ilvl="0"><w:start w:val="1"/>
<w:numFmt w:val="decimal"/><w:lvlText w:val="%1."/></w:lvl><w:lvl w:ilvl="1"><w:start w:val="1"/>
<w:numFmt w:val="decimal"/><w:lvlText w:val="%1.%2"/></w:lvl></w:abstractNum>"""
_CLAUSE = """<w:p {0}><w:pPr><w:numPr><w:ilvl w:val="{1}"/><w:numId w:val="90"/></w:numPr></w:pPr>
<w:r><w:t>clause</w:t></w:r></w:p>"""
_PASSAGES = """<w:p {0}><w:r><w:t>x</w:t></w:r>
<w:ins w:id="1" w:author="A"><w:r><w:t>inserted</w:t></w:r></w:ins>
<w:del w:id="2" w:author="A"><w:r><w:delText>deleted</w:delText></w:r></w:del>
<w:r><w:rPr><w:vanish/></w:rPr><w:t>hidden</w:t></w:r>
<w:r><w:t>10</w:t></w:r><w:r><w:rPr><w:vertAlign w:val="superscript"/></w:rPr><w:t>6</w:t></w:r>
<m:oMath><m:r><m:t>formula</m:t></m:r></m:oMath></w:p>"""
_CONTROL = """<w:sdt {0}><w:sdtContent><w:p><w:r><w:t>controlled</w:t></w:r></w:p></w:sdtContent>
</w:sdt>"""
_BOX = """<w:p {0}><w:r><w:pict><v:shape xmlns:v="urn:schemas-microsoft-com:vml"><v:textbox>
<w:txbxContent><w:p><w:r><w:t>textbox</w:t></w:r></w:p></w:txbxContent></v:textbox></v:shape>
</w:pict></w:r></w:p>"""
_NOTED = """<w:p {0}><w:r><w:t>noted</w:t></w:r><w:r><w:footnoteReference w:id="2"/></w:r></w:p>"""
_NOTES = """<w:footnotes {0}><w:footnote w:id="2"><w:p><w:r><w:t>footed</w:t></w:r></w:p>
</w:footnote></w:footnotes>"""


def docx(path: Path) -> None:
    """Write a Word document."""
    from docx import Document
    from docx.opc.constants import CONTENT_TYPE, RELATIONSHIP_TYPE
    from docx.opc.packuri import PackURI
    from docx.opc.part import Part
    from docx.oxml import parse_xml
    from docx.oxml.ns import nsdecls

    spaces = nsdecls("w", "m", "r")
    document = Document()
    document.sections[0].header.paragraphs[0].text = "ontop"
    document.add_heading("Sub", 2)
    numbering = document.part.numbering_part.element
    numbering.insert(0, parse_xml(_CLAUSES.format(spaces)))
    numbering.append(
        parse_xml(f'<w:num {spaces} w:numId="90"><w:abstractNumId w:val="90"/></w:num>')
    )
    document.add_comment(document.add_paragraph("before").runs, "remark", author="A")
    for part in (_CLAUSE.format(spaces, 0), _CLAUSE.format(spaces, 1), _PASSAGES, _CONTROL, _BOX):
        document.element.body.insert_element_before(parse_xml(part.format(spaces)), "w:sectPr")
    table = document.add_table(1, 2)
    table.rows[0].cells[0].text, table.rows[0].cells[1].text = "cella", "cellb"
    document.element.body.insert_element_before(parse_xml(_NOTED.format(spaces)), "w:sectPr")
    document.add_paragraph("after")
    notes = _NOTES.format(spaces).encode()
    part = Part(
        PackURI("/word/footnotes.xml"), CONTENT_TYPE.WML_FOOTNOTES, notes, document.part.package
    )
    document.part.relate_to(part, RELATIONSHIP_TYPE.FOOTNOTES)
    document.save(str(path))


def pptx(path: Path) -> None:
    """Write a presentation."""
    from pptx import Presentation
    from pptx.chart.data import CategoryChartData
    from pptx.enum.chart import XL_CHART_TYPE

    show = Presentation()
    slide = show.slides.add_slide(show.slide_layouts[5])
    slide.shapes.title.text = "Head"
    slide.shapes.add_textbox(0, 0, 9, 9).text_frame.text = "textbox"
    slide.shapes.add_group_shape().shapes.add_textbox(0, 0, 9, 9).text_frame.text = "grouped"
    table = slide.shapes.add_table(1, 2, 0, 0, 9, 9).table
    table.cell(0, 0).text, table.cell(0, 1).text = "cella", "cellb"
    slide.notes_slide.notes_text_frame.text = "noted"
    data = CategoryChartData()
    data.categories = ["charted"]
    data.add_series("S", (1,))
    slide.shapes.add_chart(XL_CHART_TYPE.PIE, 0, 0, 9, 9, data)
    hidden = show.slides.add_slide(show.slide_layouts[5])
    hidden.shapes.title.text = "hidden"
    hidden._element.set("show", "0")
    show.save(str(path))


def xlsx(path: Path) -> None:
    """Write a workbook."""
    from openpyxl import Workbook
    from openpyxl.comments import Comment

    book = Workbook()
    sheet = book.active
    sheet.title = "Budget"
    sheet.append(["heada", "headb"])
    sheet["A3"], sheet["B3"] = "hiddenrow", 1
    sheet.row_dimensions[3].hidden = True
    sheet["A7"].comment = Comment("remark", "A")
    values = (datetime.date(2024, 3, 5), 0.125, 1234.5, -1000)
    formats = ("d mmm yyyy", "0.0%", '"$"#,##0.00', "#,##0_);(#,##0)")
    sheet["A7"] = "seventh"
    for column, (value, shown) in enumerate(zip(values, formats, strict=True), 2):
        sheet.cell(7, column, value).number_format = shown
    for row in range(8, 40):
        sheet.cell(row, 1, f"further {row}")
    hidden = book.create_sheet("Other")
    hidden["A1"] = "hiddensheet"
    hidden.sheet_state = "hidden"
    book.save(path)


def odt(path: Path) -> None:
    """Write an OpenDocument text."""
    from odf import dc, draw, office, style, table, text
    from odf.opendocument import OpenDocumentText

    document = OpenDocumentText()
    layout = style.PageLayout(name="L")
    document.automaticstyles.addElement(layout)
    master = style.MasterPage(name="Standard", pagelayoutname=layout)
    header = style.Header()
    header.addElement(text.P(text="ontop"))
    master.addElement(header)
    document.masterstyles.addElement(master)
    numbers = text.ListStyle(name="N")
    numbers.addElement(text.ListLevelStyleNumber(level=1, numformat="1", numsuffix="."))
    document.automaticstyles.addElement(numbers)
    add = document.text.addElement

    def nested(*elements: Any) -> Any:  # each one in the one before it
        for outer, inner in pairwise(elements):
            outer.addElement(inner)
        return elements[0]

    changed = text.ChangedRegion(check_grammar=False)
    add(nested(text.TrackedChanges(), changed, text.Deletion(), text.P(text="deleted")))
    add(text.H(outlinelevel=2, text="Sub"))
    add(nested(text.List(stylename=numbers), text.ListItem(), text.P(text="item")))
    row = table.TableRow()
    for cell in ("cella", "cellb"):
        row.addElement(nested(table.TableCell(), text.P(text=cell)))
    columns = table.TableColumn(numbercolumnsrepeated=2)
    grid = nested(table.Table(), columns)
    grid.addElement(row)
    add(grid)
    add(nested(text.P(), draw.Frame(width="9cm"), draw.TextBox(), text.P(text="textbox")))
    noted = text.P(text="noted")
    note = text.Note(noteclass="footnote")
    note.addElement(text.NoteCitation(text="1"))
    note.addElement(nested(text.NoteBody(), text.P(text="footed")))
    noted.addElement(note)
    noted.addText(" sentence")
    add(noted)
    comment = office.Annotation()
    comment.addElement(dc.Creator(text="A"))
    comment.addElement(text.P(text="remark"))
    add(nested(text.P(text="x"), comment))
    spaced = text.P(text="two")
    spaced.addElement(text.S(c=2))
    spaced.addText("spaces")
    add(spaced)
    document.save(str(path))


def html(path: Path) -> None:
    """Write a web page."""
    page = """<!DOCTYPE html><html><head><meta charset="windows-1251"><title>Title</title>
<script>scripted</script></head><body><h2>Sub</h2><ol start=3><li>item</ol>
<table><tr><td>cella<td>cellb</table>to<b>get</b>her<p>after<p><img alt="pictured" src="a.png">
<label>Name <input value="filled"></label><p>\u043f\u0440\u0438\u0432\u0435\u0442
<p hidden>hidden<p style="display: none">hidden<p>10<sup>6</sup></body></html>"""
    path.write_bytes(page.encode("cp1251"))


def rtf(path: Path) -> None:
    """Write rich text."""
    page = r"""{\rtf1\ansi\ansicpg1252{\fonttbl{\f0 Arial;}{\f1\fcharset204 Arial;}}
{\stylesheet{\s0 Normal;}{\s2\outlinelevel1 heading 2;}}{\header ontop\par}
\pard\s2\outlinelevel1 Sub\par\pard noted{\footnote\pard footed} sentence\par
{\f1 \'ef\'f0\'e8\'e2\'e5\'f2}\par\u8364?5\par x{\deleted deleted}{\v hidden}\par
\trowd\cellx99\cellx199\intbl cella\cell cellb\cell\row\pard end\par}"""
    path.write_text(page, encoding="ascii")
