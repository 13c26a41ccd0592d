"""Pictures of cells and words, as SVG and as PNG."""

from __future__ import annotations

import struct
import zlib
from collections import defaultdict
from dataclasses import dataclass, field
from html import escape
from itertools import groupby
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

Colour = tuple[int, int, int]

_PAPER: Colour = (255, 255, 255)
_SVG_FONT = "Helvetica, Arial, sans-serif"
_PNG_SCALE = 2  # pixels of a unit


@dataclass(frozen=True)
class Words:
    """A line of text, that begins at ``x``, or ends there, with its base line at ``y``."""

    x: float
    y: float
    text: str
    size: float = 12
    ends: bool = False
    bold: bool = False


@dataclass
class Picture:
    """Cells and words on white, in units of a pixel; the first are painted first.

    Attributes
    ----------
    cells
        Left, top, width, height and colour of each.
    """

    width: float
    height: float
    title: str
    cells: list[tuple[float, float, float, float, Colour]] = field(default_factory=list)
    words: list[Words] = field(default_factory=list)

    def row(self, x: float, y: float, height: float, wide: float, colours: list[Colour]) -> None:
        """Add cells beside each other; those of one colour that touch are one."""
        at = 0
        for colour, same in groupby(colours):
            count = len(list(same))
            self.cells.append((x + at * wide, y, count * wide, height, colour))
            at += count


def as_svg(picture: Picture) -> bytes:
    """A picture as SVG."""
    paths = defaultdict(list)
    for x, y, width, height, colour in picture.cells:
        paths[colour].append(f"M{x:g} {y:g}h{width:g}v{height:g}h{-width:g}z")
    size = f"{picture.width:g} {picture.height:g}"
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size}" role="img" '
        f'shape-rendering="crispEdges" font-family="{_SVG_FONT}">',
        f"<title>{_xml(picture.title)}</title>",
        f'<rect width="100%" height="100%" fill="{_hex(_PAPER)}"/>',
    ]
    lines += [f'<path fill="{_hex(colour)}" d="{"".join(d)}"/>' for colour, d in paths.items()]
    for words in picture.words:
        anchor = ' text-anchor="end"' if words.ends else ""
        bold = ' font-weight="bold"' if words.bold else ""
        place = f'x="{words.x:g}" y="{words.y:g}" font-size="{words.size:g}"'
        lines.append(f"<text {place}{anchor}{bold}>{_xml(words.text)}</text>")
    return "\n".join([*lines, "</svg>\n"]).encode()


def as_png(picture: Picture) -> bytes:
    """A picture as PNG: PDFium draws it. Letters that Helvetica lacks become question marks."""
    import pypdfium2

    document = pypdfium2.PdfDocument(_pdf(picture))
    try:
        bitmap = document[0].render(scale=_PNG_SCALE, rev_byteorder=True)
        pixels = np.asarray(bitmap.to_numpy())[..., :3]
        return _png(np.ascontiguousarray(pixels))
    finally:
        document.close()


def _pdf(picture: Picture) -> bytes:
    """A picture as a PDF of one page."""
    height = picture.height
    lines = []
    ordered = sorted(picture.cells, key=itemgetter(4))
    for colour, cells in groupby(ordered, key=itemgetter(4)):
        lines.append(f"{' '.join(f'{each / 255:.3f}' for each in colour)} rg")
        for x, y, wide, high, _ in cells:
            lines.append(f"{x:g} {height - y - high:g} {wide:g} {high:g} re")
        lines.append("f")
    lines.append("0 g BT")
    for words in picture.words:
        x = words.x - (_width(words) if words.ends else 0)
        font = "/B" if words.bold else "/F"
        lines.append(f"{font} {words.size:g} Tf 1 0 0 1 {x:g} {height - words.y:g} Tm")
        lines.append(f"({_pdf_text(words.text)}) Tj")
    content = "\n".join([*lines, "ET"]).encode("cp1252")
    font = "<</Type/Font/Subtype/Type1/Encoding/WinAnsiEncoding/BaseFont/Helvetica"
    fonts = f"<</F {font}>>/B {font}-Bold>>>>"
    box = f"[0 0 {picture.width:g} {height:g}]"
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        f"<</Type/Page/Parent 2 0 R/MediaBox{box}/Contents 4 0 R"
        f"/Resources<</Font{fonts}>>>>".encode(),
        b"<</Length %d>>stream\n%s\nendstream" % (len(content), content),
    ]
    data, offsets = b"%PDF-1.4\n", []
    for number, each in enumerate(objects, 1):
        offsets.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    count = len(objects) + 1
    end = b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (count, len(data))
    return data + b"xref\n0 %d\n0000000000 65535 f \n%s" % (count, table) + end


def _width(words: Words) -> float:
    """About how wide a short label of letters and digits is in Helvetica."""
    narrow = sum(letter in " .,:;ijlft'|!" for letter in words.text)
    return words.size * (0.55 * (len(words.text) - narrow) + 0.27 * narrow)


def _pdf_text(text: str) -> str:
    shown = text.encode("cp1252", "replace").decode("cp1252")
    return "".join(f"\\{each}" if each in "()\\" else each for each in shown)


def _png(pixels: NDArray[np.uint8]) -> bytes:
    """Pixels, uint8 ``[rows, columns, 3]``, as PNG."""
    rows, columns, _ = pixels.shape

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    lines = np.concatenate([np.zeros((rows, 1), np.uint8), pixels.reshape(rows, -1)], axis=1)
    header = struct.pack(">IIBBBBB", columns, rows, 8, 2, 0, 0, 0)
    data = zlib.compress(lines.tobytes(), 9)
    start = b"\x89PNG\r\n\x1a\n"
    return start + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def _hex(colour: Colour) -> str:
    return "#" + "".join(f"{each:02x}" for each in colour)


def _xml(text: str) -> str:
    return escape(text, quote=False)
