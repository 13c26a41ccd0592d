"""Typeset ``harbour-report.txt`` as the sample document ``harbour-report.pdf``.

    python docs/sample/make_sample.py [output.pdf]

The report, the town of Calderhythe and all its people are invented. The text was written for this
project and has the project's licence. ``facts.json`` lists questions that it answers,
``other_words.json`` more of them, in other words than those of the sentence with the answer, and
``absent.json`` questions that it does not answer.

The same ReportLab version writes the same bytes each time: no dates, no random identifiers, and no
compression, whose output may change with the zlib in use.

The text has a small markup, one construct at the start of a line; other blocks, which blank lines
separate, are paragraphs:

    = title        == subtitle        # heading        * list item        | table | row |
    Table 1. A caption, right above the rows.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import reportlab
from reportlab.lib import colors
from reportlab.lib.enums import TA_JUSTIFY
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    Flowable,
    Frame,
    KeepTogether,
    PageTemplate,
    Paragraph,
    Spacer,
)

HERE = Path(__file__).resolve().parent
SOURCE = HERE / "harbour-report.txt"
OUTPUT = HERE / "harbour-report.pdf"

TITLE = "Calderhythe Harbour Office: Annual Report for the Year 2023"
MAKER = f"make_sample.py with ReportLab {reportlab.Version}"

INK = colors.HexColor("#1b3a52")
RULE = colors.HexColor("#9fb0bd")
MARGIN = 25 * mm

BODY = ParagraphStyle(
    "body",
    fontName="Times-Roman",
    fontSize=11,
    leading=14.8,
    alignment=TA_JUSTIFY,
    spaceBefore=6,
    spaceAfter=6,
    allowWidows=0,
    allowOrphans=0,
    hyphenationLang="",
)
STYLES = {
    "=": ParagraphStyle(
        "title", fontName="Helvetica-Bold", fontSize=22, leading=27, textColor=INK, spaceAfter=3
    ),
    "==": ParagraphStyle(
        "subtitle", fontName="Helvetica", fontSize=13, leading=16, textColor=INK, spaceAfter=14
    ),
    "#": ParagraphStyle(
        "heading",
        fontName="Helvetica-Bold",
        fontSize=13,
        leading=16,
        textColor=INK,
        spaceBefore=9,
        spaceAfter=5,
        keepWithNext=True,
    ),
    "*": ParagraphStyle(
        "item",
        parent=BODY,
        leftIndent=14,
        bulletIndent=2,
        spaceBefore=3,
        spaceAfter=3,
        bulletFontSize=11,
    ),
    "caption": ParagraphStyle(
        "caption",
        fontName="Helvetica-Bold",
        fontSize=9,
        leading=12,
        textColor=INK,
        spaceBefore=5,
        spaceAfter=3,
    ),
}


@dataclass(frozen=True)
class Block:
    """One construct of the source: its mark ("" for a paragraph) and its lines, mark removed."""

    mark: str
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        return " ".join(self.lines)


def read_blocks(source: str) -> Iterator[Block]:
    """Split the source into blocks, in order. A table is one block that holds its caption."""
    for chunk in re.split(r"\n\s*\n", source.strip()):
        lines = chunk.splitlines()
        if any(line.startswith("|") for line in lines):
            yield Block("|", tuple(lines))
            continue
        mark, gathered = "", list[str]()
        for line in lines:
            marked = re.match(r"(=+|#|\*) +", line)
            if marked:
                if gathered:
                    yield Block(mark, tuple(gathered))
                mark, gathered = marked[1], []
            gathered.append(line[marked.end() :] if marked else line.strip())
        yield Block(mark, tuple(gathered))


def escape(text: str) -> str:
    """Typographic apostrophes, and no character that ReportLab would take for its own markup."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("'", "\u2019")


class Rows(Flowable):
    """A ruled table that writes each row as one text object, so that it is extracted as one line.

    Columns of numbers are set to the right; a last row of totals is bold.
    """

    HEIGHT = 15.0
    FONT, BOLD, SIZE = "Times-Roman", "Times-Bold", 10.5

    def __init__(self, rows: list[list[str]], width: float) -> None:
        super().__init__()
        self.rows = rows
        self.width, self.height = width, self.HEIGHT * len(rows)
        self.is_number = [re.match(r"[-+\d]", cell) is not None for cell in rows[1]]
        shares = [1.2 if number else 3.0 for number in self.is_number]
        self.widths = [width * share / sum(shares) for share in shares]

    def wrap(self, _width: float, _height: float) -> tuple[float, float]:
        return self.width, self.height

    def draw(self) -> None:
        canvas, last = self.canv, len(self.rows) - 1
        has_total = self.rows[last][0].startswith(("Total", "Together"))
        canvas.setStrokeColor(INK)
        for above in (0, 1, last + 1, *([last] if has_total else [])):
            canvas.setLineWidth(0.8 if above in (0, last + 1) else 0.4)
            y = self.height - above * self.HEIGHT
            canvas.line(0, y, self.width, y)
        for number, row in enumerate(self.rows):
            bold = number == 0 or (number == last and has_total)
            font = self.BOLD if bold else self.FONT
            text = canvas.beginText()
            text.setFont(font, self.SIZE)
            left = 0.0
            for cell, width, is_number in zip(row, self.widths, self.is_number, strict=True):
                free = width - 16 - stringWidth(cell, font, self.SIZE)
                x = left + (free if is_number else 4)
                text.setTextOrigin(x, self.height - (number + 1) * self.HEIGHT + 4.2)
                text.textOut(cell)
                left += width
            canvas.drawText(text)


def make_table(lines: tuple[str, ...], width: float) -> Flowable:
    """The caption and the rows of a table, kept on one page."""
    caption = [line for line in lines if not line.startswith("|")]
    rows = [
        [cell.strip() for cell in line.strip("| ").split("|")] for line in lines[len(caption) :]
    ]
    return KeepTogether(
        [
            Paragraph(escape(" ".join(caption)), STYLES["caption"]),
            Rows(rows, width),
            Spacer(width, 5),
        ]
    )


def make_flowables(source: str, width: float) -> Iterator[Flowable]:
    """The report as ReportLab flowables, for a column of the given width in points."""
    for block in read_blocks(source):
        if block.mark == "|":
            yield make_table(block.lines, width)
        elif block.mark == "*":
            yield Paragraph(escape(block.text), STYLES["*"], bulletText="\u2013")
        else:
            yield Paragraph(escape(block.text), STYLES.get(block.mark, BODY))


def draw_footer(canvas: Canvas, document: BaseDocTemplate) -> None:
    """A rule, the name of the report and the page number."""
    width = A4[0]
    canvas.saveState()
    canvas.setStrokeColor(RULE)
    canvas.setLineWidth(0.5)
    canvas.line(MARGIN, 17 * mm, width - MARGIN, 17 * mm)
    canvas.setFont("Helvetica", 8)
    canvas.setFillColor(INK)
    canvas.drawString(MARGIN, 12.5 * mm, "Calderhythe Harbour Office, Annual Report 2023")
    canvas.drawRightString(width - MARGIN, 12.5 * mm, f"Page {document.page}")
    canvas.restoreState()


def make_sample(output: Path) -> None:
    """Write the PDF to ``output``."""
    document = BaseDocTemplate(
        str(output),
        pagesize=A4,
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        topMargin=22 * mm,
        bottomMargin=24 * mm,
        title=TITLE,
        author="Calderhythe Harbour Office (fictional)",
        subject="A sample document for keydiff",
        creator=MAKER,
        lang="en-GB",
        invariant=1,
        pageCompression=0,
    )
    column = Frame(
        document.leftMargin,
        document.bottomMargin,
        document.width,
        document.height,
        leftPadding=0,
        rightPadding=0,
        topPadding=0,
        bottomPadding=0,
    )
    document.addPageTemplates(PageTemplate(frames=[column], onPageEnd=draw_footer))
    document.build(list(make_flowables(SOURCE.read_text(encoding="utf-8"), document.width)))


if __name__ == "__main__":
    make_sample(Path(sys.argv[1]) if len(sys.argv) > 1 else OUTPUT)
