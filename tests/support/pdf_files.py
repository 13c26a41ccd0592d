"""Makers of PDFs for the tests, written out object by object."""

from __future__ import annotations

import io
import zlib
from collections.abc import Sequence

from pypdf import PdfReader, PdfWriter

Page = str | bytes | None
"""A page of a PDF: lines of text, or the raw contents of the page, or None for a scanned image."""

IMAGE = b"q 600 0 0 800 0 0 cm /Im1 Do Q"


def pdf(
    pages: Sequence[Page],
    *,
    per_node: int = 0,
    packed: bool = False,
    unicode: bytes = b"",
    fields: Sequence[bytes] = (),
    declared: int | None = None,
) -> bytes:
    """Make a PDF.

    Parameters
    ----------
    pages : sequence of Page
        What is on each page.
    per_node : int
        Pages under one inner node of the page tree; 0 puts all under the root.
    packed : bool
        Whether the objects that are no streams lie in compressed object streams.
    unicode : bytes
        The text that the font makes of a tilde, as hexadecimal UTF-16.
    fields : sequence of bytes
        The entries of each form field; all fields are on the first page.
    declared : int
        How many pages the PDF says it has; as many as there are, unless given.
    """
    catalog, root, font, image = 1, 2, 3, 4
    objects: dict[int, bytes] = {
        catalog: b"<</Type/Catalog/Pages 2 0 R>>",
        font: b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        image: stream(bytes(64), b"/Type/XObject/Subtype/Image/Width 8/Height 8"
                      b"/ColorSpace/DeviceGray/BitsPerComponent 8"),
    }  # fmt: skip
    if unicode:
        objects[font] = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/ToUnicode 5 0 R>>"
        objects[5] = stream(b"1 beginbfchar\n<7e> <%s>\nendbfchar" % unicode)
    resources = b"/Resources<</Font<</F1 3 0 R>>/XObject<</Im1 4 0 R>>>>"
    size = per_node or max(1, len(pages))
    nodes = []
    free = 6 if unicode else 5
    annotations = b"/Annots[%s]" % b"".join(map(_widget, fields))
    for start in range(0, len(pages), size):
        parent = root
        if per_node:
            parent, free = free, free + 1
            nodes.append(parent)
        kids = []
        for page in pages[start : start + size]:
            objects[free] = (
                b"<</Type/Page/Parent %d 0 R/MediaBox[0 0 600 800]/Contents %d 0 R%s>>"
                % (parent, free + 1, annotations)
            )
            annotations = b""
            objects[free + 1] = stream(contents(page))
            kids.append(free)
            free += 2
        if per_node:
            objects[parent] = _node(kids, len(kids), b"/Parent 2 0 R")
        else:
            nodes = kids
    total = len(pages) if declared is None else declared
    objects[root] = _node(nodes, total, resources)
    return _write_packed(objects, free) if packed else _write(objects)


def one_page(
    shown: bytes,
    font: bytes = b"/Type1/BaseFont/Helvetica",
    *,
    page: bytes = b"",
    catalog: bytes = b"",
    objects: dict[int, bytes] | None = None,
) -> bytes:
    """Make a PDF of one page from its parts.

    Parameters
    ----------
    shown : bytes
        The contents of the page.
    font : bytes
        The kind of the font F1, without its slash, and its other entries.
    page, catalog : bytes
        More entries of the page and of the catalog.
    objects : dict
        More objects by their numbers, from 10.
    """
    return _write(
        {
            1: b"<</Type/Catalog/Pages 2 0 R%s>>" % catalog,
            2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R"
            b"/Resources<</Font<</F1 5 0 R>>>>%s>>" % page,
            4: stream(shown),
            5: b"<</Type/Font/Subtype%s>>" % font,
        }
        | (objects or {})
    )


def _widget(entries: bytes) -> bytes:
    return b"<</Type/Annot/Subtype/Widget/Rect[0 0 9 9]%s>>" % entries


def contents(page: Page) -> bytes:
    """Write what a page shows."""
    if page is None:
        return IMAGE
    if isinstance(page, bytes):
        return page
    lines = page.encode("latin-1").replace(b"\\", b"\\\\")
    lines = lines.replace(b"(", b"\\(").replace(b")", b"\\)")
    shown = b" T* ".join(b"(%s) Tj" % line for line in lines.split(b"\n"))
    return b"BT /F1 10 Tf 12 TL 50 750 Td %s ET" % shown


def stream(data: bytes, entries: bytes = b"") -> bytes:
    """Write a compressed stream object."""
    data = zlib.compress(data)
    return b"<</Length %d/Filter/FlateDecode%s>>stream\n%s\nendstream" % (len(data), entries, data)


def encrypted(data: bytes, password: str, algorithm: str = "RC4-128") -> bytes:
    """Encrypt a PDF; an empty password restricts its use and not its reading."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(data)))
    writer.encrypt(password, "owner", algorithm=algorithm)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def _node(kids: list[int], pages: int, entries: bytes) -> bytes:
    return b"<</Type/Pages/Count %d/Kids[%s]%s>>" % (
        pages,
        b" ".join(b"%d 0 R" % kid for kid in kids),
        entries,
    )


def _write(objects: dict[int, bytes]) -> bytes:
    out = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    table = b"0000000000 65535 f \n"
    for number in range(1, max(objects) + 1):
        if number not in objects:
            table += b"0000000000 65535 f \n"
            continue
        table += b"%010d 00000 n \n" % len(out)
        out += b"%d 0 obj\n%s\nendobj\n" % (number, objects[number])
    start = len(out)
    out += b"xref\n0 %d\n%s" % (max(objects) + 1, table)
    out += b"trailer\n<</Size %d/Root 1 0 R>>\n" % (max(objects) + 1)
    return bytes(out + b"startxref\n%d\n%%%%EOF\n" % start)


def _write_packed(objects: dict[int, bytes], free: int, together: int = 100) -> bytes:
    """Write with object streams and a cross-reference stream, as most programs do today."""
    out = bytearray(b"%PDF-1.5\n%\xe2\xe3\xcf\xd3\n")
    rows: dict[int, tuple[int, int, int]] = {0: (0, 0, 65535)}
    loose = [n for n in sorted(objects) if not objects[n].endswith(b"endstream")]
    for start in range(0, len(loose), together):
        head, body = b"", b""
        for index, number in enumerate(loose[start : start + together]):
            head += b"%d %d " % (number, len(body))
            body += objects[number] + b"\n"
            rows[number] = (2, free, index)
        count = len(loose[start : start + together])
        entries = b"/Type/ObjStm/N %d/First %d" % (count, len(head))
        objects[free] = stream(head + body, entries)
        free += 1
    for number, written in objects.items():
        if number not in rows:
            rows[number] = (1, len(out), 0)
            out += b"%d 0 obj\n%s\nendobj\n" % (number, written)
    start = len(out)
    rows[free] = (1, start, 0)
    table = b"".join(
        kind.to_bytes(1, "big") + where.to_bytes(4, "big") + index.to_bytes(2, "big")
        for _, (kind, where, index) in sorted(rows.items())
    )
    entries = b"/Type/XRef/W[1 4 2]/Size %d/Root 1 0 R" % (free + 1)
    out += b"%d 0 obj\n%s\nendobj\n" % (free, stream(table, entries))
    return bytes(out + b"startxref\n%d\n%%%%EOF\n" % start)
