"""Office documents, books and the like for the tests, made of strings, the same at any time."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

_OFFICE = "http://schemas.openxmlformats.org"
_RELATION = f"{_OFFICE}/officeDocument/2006/relationships"
_SPACES = " ".join(
    f'xmlns:{short}="{space}"'
    for short, space in {
        "w": f"{_OFFICE}/wordprocessingml/2006/main",
        "a": f"{_OFFICE}/drawingml/2006/main",
        "p": f"{_OFFICE}/presentationml/2006/main",
        "r": _RELATION,
        "pic": f"{_OFFICE}/drawingml/2006/picture",
        "wp": f"{_OFFICE}/drawingml/2006/wordprocessingDrawing",
        "mc": f"{_OFFICE}/markup-compatibility/2006",
    }.items()
)
_ODF = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{space}:1.0"'
    for name, space in {
        **{name: name for name in ("office", "text", "table", "style", "presentation")},
        "draw": "drawing",
    }.items()
)
_TYPES = {
    "word/document.xml": "wordprocessingml.document",
    "ppt/presentation.xml": "presentationml.presentation",
    "xl/workbook.xml": "spreadsheetml.sheet",
}

Members = Mapping[str, str | bytes]


def package(members: Members, *, packed: bool = True) -> bytes:
    """A zip file."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED if packed else 0) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data, archive.compression)
    return out.getvalue()


def relations(*targets: tuple[str, str]) -> str:
    """The relations of a part: kinds and targets, with the identifiers R1, R2 ..."""
    entries = "".join(
        f'<Relationship Id="R{number}" Type="{_RELATION}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(targets, start=1)
    )
    return f'<Relationships xmlns="{_OFFICE}/package/2006/relationships">{entries}</Relationships>'


def _office(main: str, members: Members) -> bytes:
    kind = f"application/vnd.openxmlformats-officedocument.{_TYPES[main]}.main+xml"
    types = f'<Types><Override PartName="/{main}" ContentType="{kind}"/></Types>'
    first = {
        "[Content_Types].xml": types,
        "_rels/.rels": relations(("officeDocument", main)),
    }
    return package({**first, **members})


def docx(body: str, parts: Members | None = None) -> bytes:
    """A Word document; ``parts`` are others by their kinds, such as ``footnotes``."""
    parts = parts or {}
    members = {
        f"word/{kind}.xml": f"<w:{kind} {_SPACES}>{data}</w:{kind}>" for kind, data in parts.items()
    }
    return _office(
        "word/document.xml",
        {
            "word/document.xml": f"<w:document {_SPACES}><w:body>{body}</w:body></w:document>",
            "word/_rels/document.xml.rels": relations(*((kind, f"{kind}.xml") for kind in parts)),
            **members,
        },
    )


def paragraph(text: str, properties: str = "") -> str:
    """A paragraph of Word."""
    return f"<w:p><w:pPr>{properties}</w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>"


def pptx(*slides: str, notes: str = "") -> bytes:
    """A presentation, its slides in order; the first one has the notes."""
    count = len(slides)
    entries = "".join(f'<p:sldId r:id="R{number}"/>' for number in range(1, count + 1))
    members = {
        "ppt/presentation.xml": f"<p:presentation {_SPACES}>{entries}</p:presentation>",
        # Their names are not in the order in which they are shown.
        "ppt/_rels/presentation.xml.rels": relations(
            *(("slide", f"slides/s{count - number}.xml") for number in range(count))
        ),
        f"ppt/slides/_rels/s{count}.xml.rels": relations(("notesSlide", "../notes/n.xml")),
        "ppt/notes/n.xml": f"<p:notes {_SPACES}>{notes}</p:notes>",
    }
    for number, slide in enumerate(slides):
        begin = "" if slide.startswith("<p:sld") else "<p:sld>"
        data = f"{begin}{slide}</p:sld>".replace("<p:sld", f"<p:sld {_SPACES}", 1)
        members[f"ppt/slides/s{count - number}.xml"] = data
    return _office("ppt/presentation.xml", members)


def shape(text: str, place: str = "body") -> str:
    """A shape of a slide, its paragraphs apart by line ends."""
    paragraphs = "".join(f"<a:p><a:r><a:t>{line}</a:t></a:r></a:p>" for line in text.split("\n"))
    return f'<p:sp><p:nvPr><p:ph type="{place}"/></p:nvPr>{paragraphs}</p:sp>'


def xlsx(
    sheets: Mapping[str, str], *, styles: str = "", strings: str = "", hidden: str = ""
) -> bytes:
    """A workbook; sheets by their names, one of which may be hidden."""
    space = f'xmlns="{_OFFICE}/spreadsheetml/2006/main" xmlns:r="{_RELATION}"'
    entries = "".join(
        f'<sheet name="{name}" r:id="R{number}" '
        f'state="{"hidden" if name == hidden else "visible"}"/>'
        for number, name in enumerate(sheets, start=1)
    )
    targets = [("worksheet", f"s{number}.xml") for number in range(1, len(sheets) + 1)]
    members = {
        "xl/workbook.xml": f"<workbook {space}><sheets>{entries}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": relations(
            *targets, ("styles", "styles.xml"), ("sharedStrings", "strings.xml")
        ),
        "xl/styles.xml": f"<styleSheet {space}>{styles}</styleSheet>",
        "xl/strings.xml": f"<sst {space}>{strings}</sst>",
    }
    for number, rows in enumerate(sheets.values(), start=1):
        data = f"<worksheet {space}><sheetData>{rows}</sheetData></worksheet>"
        members[f"xl/s{number}.xml"] = data
    return _office("xl/workbook.xml", members)


def row(number: int, *cells: str | float) -> str:
    """A row of a sheet, of texts and numbers."""
    written = "".join(
        f'<c t="inlineStr"><is><t>{cell}</t></is></c>'
        if isinstance(cell, str)
        else f"<c><v>{cell}</v></c>"
        for cell in cells
    )
    return f'<row r="{number}">{written}</row>'


def odf(kind: str, body: str, *, styles: str = "", parts: Members | None = None) -> bytes:
    """An OpenDocument file: a ``text``, ``spreadsheet`` or ``presentation``."""
    content = (
        f"<office:document-content {_ODF} xmlns:dc='http://purl.org/dc/elements/1.1/'>"
        f"<office:automatic-styles>{styles}</office:automatic-styles>"
        f"<office:body><office:{kind}>{body}</office:{kind}></office:body>"
        "</office:document-content>"
    )
    first = {"mimetype": f"application/vnd.oasis.opendocument.{kind}", "content.xml": content}
    return package({**first, **(parts or {})})


def epub(chapters: Mapping[str, str], *, contents: str = "", parts: Members | None = None) -> bytes:
    """A book; chapters by their names in the order of the spine, packed in the reverse order."""
    items = "".join(
        f'<item id="{name}" href="{name}.xhtml" media-type="application/xhtml+xml"/>'
        for name in chapters
    )
    spine = "".join(f'<itemref idref="{name}"/>' for name in chapters)
    members = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": (
            '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container">'
            '<rootfiles><rootfile full-path="in/b.opf"/></rootfiles></container>'
        ),
        "in/b.opf": (
            f'<package xmlns="http://www.idpf.org/2007/opf"><manifest>{items}'
            '<item id="nav" href="nav.xhtml" properties="nav" media-type="application/xhtml+xml"/>'
            f"</manifest><spine>{spine}</spine></package>"
        ),
        "in/nav.xhtml": f'<html xmlns="http://www.w3.org/1999/xhtml">{contents}</html>',
    }
    for name in reversed(list(chapters)):
        page = f'<html xmlns="http://www.w3.org/1999/xhtml"><body>{chapters[name]}</body></html>'
        members[f"in/{name}.xhtml"] = page
    return package({**members, **(parts or {})})
