"""Seconds of processor time per 100 pages, and peak memory, of each reader on files made here.

Run it as ``python docs/kinds.py [PAGES]``: it prints the table of docs/documents.md, on an idle
machine. A page is 40 lines of 80 characters, or 40 rows of 8 cells.
"""

from __future__ import annotations

import io
import json
import random
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import run

LINES, WORDS, CELLS = 40, 13, 8
_OFFICE = "http://schemas.openxmlformats.org"
_W = f'xmlns:w="{_OFFICE}/wordprocessingml/2006/main"'
_R = f'xmlns:r="{_OFFICE}/officeDocument/2006/relationships"'
_X = f'xmlns="{_OFFICE}/spreadsheetml/2006/main" {_R}'
_P = f'xmlns:p="{_OFFICE}/presentationml/2006/main" xmlns:a="{_OFFICE}/drawingml/2006/main" {_R}'
_O = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for name in ("office", "text", "table")
)
_READ = """
import io, sys, time
from keydiff_cli.documents import open_document
from keydiff_cli.system.machine import peak
start = time.process_time()
with open_document(sys.argv[1], io.BytesIO()) as document:
    characters = sum(len(piece.text) for piece in document.pieces())
print(time.process_time() - start, peak(), characters, document.kind)
"""


def lines(pages: int) -> Iterator[str]:
    """Lines of words, the same at any time."""
    dice = random.Random(1)
    words = ["".join(dice.choices("abcdefghilmnoprstu", k=5)) for _ in range(3000)]
    for _ in range(pages * LINES):
        yield " ".join(dice.choices(words, k=WORDS))


def package(members: dict[str, str]) -> bytes:
    """A zip file."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def relations(*targets: tuple[str, str]) -> str:
    """The relations of a part of Office Open XML."""
    entries = "".join(
        f'<Relationship Id="R{number}" Target="{target}" '
        f'Type="{_OFFICE}/officeDocument/2006/relationships/{kind}"/>'
        for number, (kind, target) in enumerate(targets)
    )
    return f'<Relationships xmlns="{_OFFICE}/package/2006/relationships">{entries}</Relationships>'


def office(main: str, members: dict[str, str]) -> bytes:
    """A document of Office Open XML."""
    return package({"_rels/.rels": relations(("officeDocument", main)), **members})


def docx(pages: int) -> bytes:
    body = "".join(f"<w:p><w:r><w:t>{line}</w:t></w:r></w:p>" for line in lines(pages))
    data = f"<w:document {_W}><w:body>{body}</w:body></w:document>"
    return office("word/document.xml", {"word/document.xml": data})


def pptx(pages: int) -> bytes:
    text = list(lines(pages))
    entries = "".join(f'<p:sldId r:id="R{number}"/>' for number in range(pages))
    members = {
        "ppt/presentation.xml": f"<p:presentation {_P}>{entries}</p:presentation>",
        "ppt/_rels/presentation.xml.rels": relations(
            *(("slide", f"s{number}.xml") for number in range(pages))
        ),
    }
    for number in range(pages):
        body = "".join(
            f"<a:p><a:r><a:t>{line}</a:t></a:r></a:p>"
            for line in text[number * LINES : (number + 1) * LINES]
        )
        members[f"ppt/s{number}.xml"] = f"<p:sld {_P}><p:sp>{body}</p:sp></p:sld>"
    return office("ppt/presentation.xml", members)


def xlsx(pages: int) -> bytes:
    rows = "".join(
        f'<row r="{number}">'
        + "".join(f'<c t="s"><v>{number * CELLS + cell}</v></c>' for cell in range(4))
        + "".join(f'<c s="1"><v>{number * 7.25 + cell}</v></c>' for cell in range(4))
        + "</row>"
        for number in range(pages * LINES)
    )
    strings = "".join(f"<si><t>text {number}</t></si>" for number in range(pages * LINES * CELLS))
    return office(
        "xl/workbook.xml",
        {
            "xl/workbook.xml": f'<workbook {_X}><sheet name="A" r:id="R0"/></workbook>',
            "xl/_rels/workbook.xml.rels": relations(
                ("worksheet", "s.xml"), ("sharedStrings", "t.xml"), ("styles", "y.xml")
            ),
            "xl/s.xml": f"<worksheet {_X}><sheetData>{rows}</sheetData></worksheet>",
            "xl/t.xml": f"<sst {_X}>{strings}</sst>",
            "xl/y.xml": f'<styleSheet {_X}><cellXfs><xf/><xf numFmtId="4"/></cellXfs></styleSheet>',
        },
    )


def odf(kind: str, body: str) -> bytes:
    """An OpenDocument file."""
    content = (
        f"<office:document-content {_O}><office:body><office:{kind}>{body}</office:{kind}>"
        "</office:body></office:document-content>"
    )
    mimetype = f"application/vnd.oasis.opendocument.{kind}"
    return package({"mimetype": mimetype, "content.xml": content})


def odt(pages: int) -> bytes:
    return odf("text", "".join(f"<text:p>{line}</text:p>" for line in lines(pages)))


def ods(pages: int) -> bytes:
    cell = "<table:table-cell><text:p>{}</text:p></table:table-cell>"
    rows = "".join(
        f"<table:table-row>{''.join(map(cell.format, line.split()[:CELLS]))}</table:table-row>"
        for line in lines(pages)
    )
    return odf("spreadsheet", f"<table:table>{rows}</table:table>")


def html(pages: int) -> bytes:
    body = "".join(f"<p>The <b>word</b> {line}</p>\n" for line in lines(pages))
    return f"<!DOCTYPE html><html><meta charset=utf-8><body>{body}</body></html>".encode()


def html_table(pages: int) -> bytes:
    rows = "".join(f"<tr><td>{'<td>'.join(line.split()[:CELLS])}</tr>\n" for line in lines(pages))
    return f"<!DOCTYPE html><html><table>{rows}</table></html>".encode()


def epub(pages: int) -> bytes:
    text = list(lines(pages))
    chapters = range(0, len(text), 20 * LINES)
    items = "".join(
        f'<item id="c{at}" href="c{at}.xhtml" media-type="application/xhtml+xml"/>'
        for at in chapters
    )
    spine = "".join(f'<itemref idref="c{at}"/>' for at in chapters)
    members = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": (
            '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container">'
            '<rootfile full-path="b.opf"/></container>'
        ),
        "b.opf": (
            f'<package xmlns="http://www.idpf.org/2007/opf">{items}<spine>{spine}</spine></package>'
        ),
    }
    for at in chapters:
        body = "".join(f"<p>{line}</p>" for line in text[at : at + 20 * LINES])
        members[f"c{at}.xhtml"] = f"<html><body><h1>Part</h1>{body}</body></html>"
    return package(members)


def rtf(pages: int) -> bytes:
    body = "".join(f"\\pard\\plain {line}\\par\n" for line in lines(pages))
    return f"{{\\rtf1\\ansi {body}}}".encode()


def mbox(pages: int) -> bytes:
    text = list(lines(pages))
    head = "From a@example.org Mon Jan  1 10:00:00 2024\nFrom: Ada\nTo: Bo\nSubject: A\n"
    return "".join(
        f"{head}Message-ID: <{at}>\n\n" + "\n".join(text[at : at + LINES]) + "\n\n"
        for at in range(0, len(text), LINES)
    ).encode()


def notebook(pages: int) -> bytes:
    picture = {"output_type": "display_data", "data": {"image/png": "A1b2" * 20_000}}
    text = list(lines(pages))
    cells = [
        {"cell_type": "code", "source": "\n".join(text[at : at + LINES]), "outputs": [picture]}
        for at in range(0, len(text), LINES)
    ]
    return json.dumps({"cells": cells}).encode()


def markdown(pages: int) -> bytes:
    parts = (
        ("# A\n\n" if number % LINES == 0 else "") + f"{line}\n\n"
        for number, line in enumerate(lines(pages))
    )
    return "".join(parts).encode()


def separated(pages: int) -> bytes:
    rows = (f"{','.join(line.split()[:7])},{number}\n" for number, line in enumerate(lines(pages)))
    return ("a,b,c,d,e,f,g,h\n" + "".join(rows)).encode()


FILES: dict[str, Callable[[int], bytes]] = {
    "docx": docx,
    "pptx": pptx,
    "xlsx": xlsx,
    "odt": odt,
    "ods": ods,
    "html": html,
    "html, one table": html_table,
    "epub": epub,
    "rtf": rtf,
    "mbox": mbox,
    "ipynb": notebook,
    "markdown": markdown,
    "csv": separated,
}


def measure(path: str) -> tuple[float, float, int]:
    """Seconds, peak memory in MB and characters of a process that reads a file."""
    done = run([sys.executable, "-c", _READ, path], capture_output=True, text=True, check=True)
    seconds, peak, characters, _ = done.stdout.split()
    return float(seconds), int(peak) / 1e6, int(characters)


def main(pages: int) -> None:
    """Print the table."""
    print(f"| Kind | {pages:,} pages | Seconds per 100 | Peak, 10 pages | Peak, {pages:,} pages |")
    print("|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for kind, make in FILES.items():
            small, large = Path(folder, "small"), Path(folder, "large")
            small.write_bytes(make(10))
            large.write_bytes(make(pages))
            _, low, _ = measure(str(small))
            seconds, high, _ = measure(str(large))
            size = large.stat().st_size / 1e6
            per_page = seconds / pages * 100
            print(
                f"| {kind} | {size:.1f} MB | {per_page:.2f} | {low:.0f} MB | {high:.0f} MB |",
                flush=True,
            )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
