"""Compare keydiff's readers of office files, web pages and rich text with those of libraries.

    pip install python-docx docx2python mammoth python-pptx openpyxl python-calamine xlsx2csv \
        odfpy odfdo beautifulsoup4 lxml html2text inscriptis selectolax striprtf
    python docs/kinds_compared.py [PAGES] [KINDS]

Each reads a file of PAGES pages (200) in a process of its own, on an idle machine. Word,
PowerPoint, Excel and OpenDocument files are written by python-docx, python-pptx, openpyxl and
odfpy, others by docs/kinds.py. A library that is not installed is left out, and so is a kind
without the library that writes it.

* s: seconds of processor time per 100 pages, without imports.
* MB: peak memory beside what the process had before it imported the reader.
* Kept: how much of docs/kinds_marked.py is in the text, and what is not.

mammoth makes a web page, which keydiff's reader of these then reads.
"""

from __future__ import annotations

import io
import json
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from subprocess import run

import kinds
import kinds_marked

from keydiff_cli.system.machine import peak

Reader = Callable[[str], Iterable[str]]  # path -> text; with all that a few lines can get
CELL = " | "


def keydiff(path: str) -> Iterator[str]:
    from keydiff_cli.documents import open_document
    from keydiff_cli.text.introduction import text_parts

    with open_document(path, io.BytesIO()) as document:
        yield from (part.text for part in text_parts(document, first=True))


def python_docx(path: str) -> Iterator[str]:
    import docx

    document = docx.Document(path)
    for section in document.sections:
        yield from (f"{paragraph.text}\n" for paragraph in section.header.paragraphs)
    for block in document.iter_inner_content():
        if isinstance(block, docx.table.Table):
            for row in block.rows:
                yield CELL.join(cell.text for cell in row.cells) + "\n"
        else:
            level = re.fullmatch(r"Heading(\d)", block._p.style or "")  # block.style is slow
            yield ("#" * int(level[1]) + " " if level else "") + block.text + "\n"
    yield from (f"{comment.text}\n" for comment in document.comments)


def docx2python(path: str) -> Iterator[str]:
    from docx2python import docx2python

    with docx2python(path) as document:
        yield document.text
        yield from map(str, document.comments)


def mammoth(path: str) -> Iterator[str]:
    import mammoth

    from keydiff_cli.documents.opening import open_bytes

    with open(path, "rb") as file:
        page = mammoth.convert_to_html(file, style_map="comment-reference => sup").value
    with open_bytes(f"<!DOCTYPE html><html><body>{page}".encode(), "") as document:
        yield from (piece.text for piece in document.pieces())


def python_pptx(path: str) -> Iterator[str]:
    from pptx import Presentation

    def text(shapes: Iterable) -> Iterator[str]:
        for shape in shapes:
            if hasattr(shape, "shapes"):
                yield from text(shape.shapes)
            elif shape.has_table:
                for row in shape.table.rows:
                    yield CELL.join(cell.text for cell in row.cells) + "\n"
            elif shape.has_chart:
                yield from (f"{category}\n" for category in shape.chart.plots[0].categories)
            elif shape.has_text_frame:
                title = shape.is_placeholder and shape.placeholder_format.type in (1, 3)
                yield f"{'## ' if title else ''}{shape.text_frame.text}\n"

    for number, slide in enumerate(Presentation(path).slides, 1):
        if slide.element.get("show") == "0":
            continue
        yield f"[Slide {number}]\n"
        yield from text(slide.shapes)
        if slide.has_notes_slide:
            yield slide.notes_slide.notes_text_frame.text + "\n"


def _rows(rows: Iterable[Iterable[object]], first: int = 1) -> Iterator[str]:
    for number, row in enumerate(rows, first):
        if cells := [str(cell) for cell in row if cell not in (None, "")]:
            yield f"Row {number}: {CELL.join(cells)}\n"


def openpyxl(path: str) -> Iterator[str]:
    from openpyxl import load_workbook

    for sheet in load_workbook(path, read_only=True, data_only=True):
        if sheet.sheet_state == "visible":
            yield f"{sheet.title}\n"
            yield from _rows(sheet.iter_rows(values_only=True))


def python_calamine(path: str) -> Iterator[str]:
    from python_calamine import CalamineWorkbook, SheetVisibleEnum

    book = CalamineWorkbook.from_path(path)
    for sheet in book.sheets_metadata:
        if sheet.visible == SheetVisibleEnum.Visible:
            yield f"{sheet.name}\n"
            yield from _rows(book.get_sheet_by_name(sheet.name).iter_rows())


def xlsx2csv(path: str) -> Iterator[str]:
    import csv

    from xlsx2csv import Xlsx2csv

    out = io.StringIO()
    Xlsx2csv(path, exclude_hidden_sheets=True).convert(out, sheetid=0)
    out.seek(0)
    yield from _rows(csv.reader(out), 0)  # a line with the name of the sheet comes first


def odfpy(path: str) -> Iterator[str]:
    from odf import teletype
    from odf.opendocument import load
    from odf.text import H, P

    document = load(path)
    for part in (document.masterstyles, document.body):
        for heading in part.getElementsByType(H):
            yield f"{'#' * int(heading.getAttribute('outlinelevel'))} {heading}\n"
        yield from (f"{teletype.extractText(line)}\n" for line in part.getElementsByType(P))


def odfdo(path: str) -> Iterator[str]:
    from odfdo import Document

    yield Document(path).get_formatted_text()


def beautifulsoup4(path: str) -> Iterator[str]:
    from bs4 import BeautifulSoup

    yield BeautifulSoup(Path(path).read_bytes(), "lxml").get_text("\n")


def lxml(path: str) -> Iterator[str]:
    from lxml import html

    yield html.fromstring(Path(path).read_bytes()).text_content()


def html2text(path: str) -> Iterator[str]:
    import html2text

    yield html2text.html2text(Path(path).read_bytes().decode("utf-8", "replace"))


def inscriptis(path: str) -> Iterator[str]:
    from inscriptis import Inscriptis
    from inscriptis.model.config import ParserConfig
    from lxml import html

    tree = html.fromstring(Path(path).read_bytes())
    yield Inscriptis(tree, ParserConfig(display_images=True)).get_text()


def selectolax(path: str) -> Iterator[str]:
    from selectolax.lexbor import LexborHTMLParser

    tree = LexborHTMLParser(Path(path).read_bytes())
    tree.strip_tags(["script", "style"])
    yield tree.text(separator="\n")


def striprtf(path: str) -> Iterator[str]:
    from striprtf.striprtf import rtf_to_text

    yield rtf_to_text(Path(path).read_text(encoding="latin-1"))


READERS: dict[str, tuple[Reader, ...]] = {  # of each kind
    "docx": (python_docx, docx2python, mammoth),
    "pptx": (python_pptx,),
    "xlsx": (openpyxl, python_calamine, xlsx2csv),
    "odt": (odfpy, odfdo),
    "html": (beautifulsoup4, lxml, html2text, inscriptis, selectolax),
    "rtf": (striprtf,),
}


def write_docx(path: str, pages: int) -> None:
    import docx

    document = docx.Document()
    for line in kinds.lines(pages):
        document.add_paragraph(line)
    document.save(path)


def write_pptx(path: str, pages: int) -> None:
    from pptx import Presentation

    show, text = Presentation(), list(kinds.lines(pages))
    for at in range(0, len(text), kinds.LINES):
        slide = show.slides.add_slide(show.slide_layouts[6])
        box = slide.shapes.add_textbox(0, 0, 9, 9)
        box.text_frame.text = "\n".join(text[at : at + kinds.LINES])
    show.save(path)


def write_xlsx(path: str, pages: int) -> None:
    from openpyxl import Workbook

    book = Workbook()
    for number, line in enumerate(kinds.lines(pages)):
        book.active.append([*line.split()[:4], *(number * 7.25 + cell for cell in range(4))])
    book.save(path)


def write_odt(path: str, pages: int) -> None:
    from odf.opendocument import OpenDocumentText
    from odf.text import P

    document = OpenDocumentText()
    for line in kinds.lines(pages):
        document.text.addElement(P(text=line))
    document.save(path)


def read(reader: Reader, small: str, large: str) -> dict[str, object]:
    """Read both files; tell the text of the small one, and what the large one takes."""
    before = peak()
    text = "".join(reader(small))
    start = time.process_time()
    for _ in reader(large):
        pass
    seconds = time.process_time() - start
    return {"text": text, "seconds": seconds, "bytes": peak() - before}


def compare(kind: str, reader: Reader, small: str, large: str, pages: int) -> None:
    """Print the row of a reader."""
    name = reader.__name__.replace("_", "-")
    shown = name if reader is keydiff else f"{name} {version(name)}"
    command = [sys.executable, __file__, "--one", reader.__name__, small, large]
    told = json.loads(run(command, capture_output=True, text=True, check=True).stdout)
    marks = kinds_marked.MARKS[kind]
    lost = [what for what, pattern in marks.items() if not re.search(pattern, told["text"])]
    print(
        f"| {kind} | {shown} | {told['seconds'] / pages * 100:.2f} | {told['bytes'] / 1e6:.0f} "
        f"| {len(marks) - len(lost)} of {len(marks)} | {', '.join(lost)} |",
        flush=True,
    )


def main(pages: int, chosen: Iterable[str]) -> None:
    """Print the table."""
    print("| kind | reader | s | MB | kept | not kept |\n|---|---|--:|--:|--:|---|")
    for kind in chosen:
        with tempfile.TemporaryDirectory() as folder, suppress(ModuleNotFoundError):
            small, large = Path(folder, f"small.{kind}"), Path(folder, f"large.{kind}")
            getattr(kinds_marked, kind)(small)
            if write := globals().get(f"write_{kind}"):
                write(str(large), pages)
            else:
                large.write_bytes(kinds.FILES[kind](pages))
            for reader in (keydiff, *READERS[kind]):
                with suppress(PackageNotFoundError):
                    compare(kind, reader, str(small), str(large), pages)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(read(globals()[sys.argv[2]], *sys.argv[3:5])))
    else:
        main(int(sys.argv[1]) if sys.argv[1:] else 200, sys.argv[2:] or READERS)
