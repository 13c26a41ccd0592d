"""PDFium in a process of its own.

PDFium is fast and reads text right, but it is not memory-safe, so it runs here, where a crash
takes nothing with it. The process has the PDF as an open file, and as much memory as
``MAXIMUM_MEMORY``. It is started by :mod:`keydiff_cli.documents.pdfium` and run by
``serving.py``, and imports nothing of the package.

The first answer tells about the document. A request is a line of JSON: the index of a page, counted
from 0, whose answer tells about the page; or a list of that and of boxes, whose answer is the text
in each of them. A box has its left, bottom, right and top edge in points, from the lower left.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from typing import Any

import pypdfium2 as pdfium
from pypdfium2 import raw

MAXIMUM_MEMORY = 1 << 30  # bytes of address space
MAXIMUM_CHARACTERS = 1_000_000  # of one page
MAXIMUM_OUTLINE = 5_000  # entries of an outline
MAXIMUM_DEPTH = 16  # levels of an outline
MAXIMUM_ANNOTATIONS = 2_000  # looked at on one page
MAXIMUM_ATTACHMENTS = 100
LONGEST = 1_000  # characters of a title, a label or a name
TOGETHER = 200  # pages read before the document is opened anew, which frees what PDFium keeps
MOST_RUNS = 1_500  # runs of text on a page, beyond which it is not told where they are
OUTER = 5  # lines at each end of the text of which it is told where they stand
SAMPLE = 7  # of so many characters one is asked whether its size is known
UNREADABLE = "\ufffd"  # stands for a glyph of which nothing is known
BREAK = "\ufffe"  # stands for a hyphen and the end of its line, as PDFium has it

_ON_THE_PAGE = {  # kinds of annotations whose appearance may hold text, which is put on the page
    raw.FPDF_ANNOT_FREETEXT,
    raw.FPDF_ANNOT_STAMP,
    raw.FPDF_ANNOT_WATERMARK,
    raw.FPDF_ANNOT_REDACT,
    raw.FPDF_ANNOT_LINE,
    raw.FPDF_ANNOT_POLYGON,
    raw.FPDF_ANNOT_UNKNOWN,
}
_NO_TEXT = {raw.FPDF_ANNOT_LINK, raw.FPDF_ANNOT_POPUP, raw.FPDF_ANNOT_WIDGET}
_FAULTS = (pdfium.PdfiumError, UnicodeError, RecursionError)  # of the helpers of pypdfium2
_ODD = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ue000-\uf8ff]")


def serve(requests: Iterable[bytes], descriptor: int) -> Iterator[dict[str, Any]]:
    """Tell about the document, and about each page or the boxes on it that are asked for."""
    document = _Document(f"/dev/fd/{descriptor}\0".encode())
    yield document.about()
    for line in requests:
        request = json.loads(line)
        yield document.page(request) if isinstance(request, int) else document.boxes(*request)


class _Document:
    """A PDF that PDFium has open."""

    def __init__(self, path: bytes) -> None:
        self._path = path
        self._read = 0  # pages since it was opened
        self._open()

    def _open(self) -> None:
        handle = raw.FPDF_LoadDocument(self._path, None)
        self._document: Any = pdfium.PdfDocument(handle) if handle else None

    def about(self) -> dict[str, Any]:
        """Tell how many pages there are, the outline, and what else there is."""
        if not self._document:
            return {"pages": 0, "xfa": False, "outline": [], "attachments": []}
        return {
            "pages": len(self._document),
            "xfa": self._document.get_formtype()
            in (raw.FORMTYPE_XFA_FULL, raw.FORMTYPE_XFA_FOREGROUND),
            "outline": list(islice(self._outline(), MAXIMUM_OUTLINE)),
            "attachments": list(self._attachments()),
        }

    def page(self, index: int) -> dict[str, Any]:
        """Tell about a page: its text, label, and how many notes and form fields it has."""
        if self._read == TOGETHER:
            self._document.close()
            self._open()
            self._read = 0
        self._read += 1
        try:
            page = self._document[index]
        except pdfium.PdfiumError:
            return {"error": "the page is damaged"}
        try:
            told = self._annotations(page)
            if visible := told.pop("visible"):
                if not raw.FPDFPage_Flatten(page, raw.FLAT_NORMALDISPLAY):
                    told["silent"] += visible
                page.close()
                page = self._document[index]
            text = page.get_textpage()
            if text.count_chars() > MAXIMUM_CHARACTERS:
                return {"error": "too large or too intricate"}
            runs, edges = _runs(text), page.get_bbox()
            told["text"] = _text(text, surely_inside=_are_inside(runs, edges))
            told["edges"] = [round(edges[1]), round(edges[3])]
            told["heights"] = {} if page.get_rotation() else _heights(text, told["text"])
            told["runs"] = runs if told["heights"] else []
        except pdfium.PdfiumError:
            return {"error": "the text of the page is damaged"}
        finally:
            page.close()
        told["label"] = _string(lambda: self._document.get_page_label(index))
        return told

    def boxes(self, index: int, boxes: list[list[int]]) -> dict[str, Any]:
        """Read what is within some boxes of a page."""
        try:
            page = self._document[index]
            text = page.get_textpage()
            return {"texts": [text.get_text_bounded(*box, errors="replace") for box in boxes]}
        except _FAULTS:
            return {"error": "the text of the page is damaged"}

    def _annotations(self, page: pdfium.PdfPage) -> dict[str, Any]:
        """Look through the annotations; take away those that show no text of their own."""
        fields = visible = notes = 0
        files: list[str] = []
        count = raw.FPDFPage_GetAnnotCount(page)
        for index in range(min(count, MAXIMUM_ANNOTATIONS) - 1, -1, -1):
            annotation = raw.FPDFPage_GetAnnot(page, index)
            if not annotation:
                continue
            kind = raw.FPDFAnnot_GetSubtype(annotation)
            shown = False
            if kind == raw.FPDF_ANNOT_FILEATTACHMENT:
                files.append(self._file_name(raw.FPDFAnnot_GetFileAttachment(annotation)))
            elif kind not in _NO_TEXT:
                shown = not raw.FPDFAnnot_GetFlags(annotation) & raw.FPDF_ANNOT_FLAG_HIDDEN
                notes += shown and raw.FPDFAnnot_HasKey(annotation, b"Contents\0")
            raw.FPDFPage_CloseAnnot(annotation)
            fields += kind == raw.FPDF_ANNOT_WIDGET
            if shown and kind in _ON_THE_PAGE:
                visible += 1
            elif kind != raw.FPDF_ANNOT_LINK:
                raw.FPDFPage_RemoveAnnot(page, index)
        return {
            "fields": fields,
            "notes": notes,
            "files": files[::-1],
            "silent": max(0, count - MAXIMUM_ANNOTATIONS),
            "visible": visible,
        }

    def _outline(self) -> Iterator[tuple[str, int, int]]:
        """Yield the title, the page counted from 1 (0: none) and the level of each entry."""
        for mark in self._document.get_toc(max_depth=MAXIMUM_DEPTH):
            target = mark.get_dest()
            index = target.get_index() if target else None
            title = " ".join(_string(mark.get_title).split())
            yield title, 0 if index is None else index + 1, mark.level + 1

    def _attachments(self) -> Iterator[str]:
        """Yield the names of the files that the PDF carries."""
        for index in range(min(self._document.count_attachments(), MAXIMUM_ATTACHMENTS)):
            yield self._file_name(raw.FPDFDoc_GetAttachment(self._document, index))

    def _file_name(self, attachment: Any) -> str:
        """Return the name of an attached file; empty if there is none."""
        if not attachment:
            return ""
        return _string(pdfium.PdfAttachment(attachment, self._document).get_name)


def _string(read: Callable[[], str]) -> str:
    """Return a title, a label or a name; empty if it cannot be read."""
    with suppress(*_FAULTS):
        return read()[:LONGEST]
    return ""


def _text(page: pdfium.PdfTextPage, *, surely_inside: bool) -> str:
    """Read the text of a page, as far as it is within its edges."""
    count = page.count_chars()
    try:
        text: str = page.get_text_range(errors="replace")
    except _FAULTS:
        return _text_by_glyphs(page, count)
    odd = range(count) if len(text) != count else [match.start() for match in _ODD.finditer(text)]
    if _any_unsure(page, odd):
        return _text_by_glyphs(page, count)
    if surely_inside:
        return text
    inside: str = page.get_text_bounded(errors="replace")
    if len(inside) >= len(text) or not inside:  # no edges are known
        return text
    inside = inside.replace("\2", BREAK)  # as PDFium has it here, where it also drops line ends
    if "".join(inside.split()) == "".join(text.split()) or _any_unsure(
        page, range(0, count, SAMPLE)
    ):
        return text
    return inside


def _runs(text: pdfium.PdfTextPage) -> list[list[int]]:
    """Tell where the pieces of a text stand, if they are not too many."""
    with suppress(*_FAULTS):
        number = text.count_rects()
        return list(_boxes(text, number)) if number <= MOST_RUNS else []
    return []


def _boxes(text: pdfium.PdfTextPage, number: int) -> Iterator[list[int]]:
    """Yield the edges of so many pieces: a page has hundreds, so no helper reads each of them."""
    page, read = text.raw, raw.FPDFText_GetRect
    left, top, right, bottom = edges = [raw.c_double() for _ in range(4)]
    for index in range(number):
        if not read(page, index, *edges):
            raise pdfium.PdfiumError("a piece of text is missing")
        yield [round(left.value), round(bottom.value), round(right.value), round(top.value)]


def _are_inside(runs: list[list[int]], edges: Sequence[float]) -> bool:
    """Tell whether a page has text, and all of it is known to stand within its edges."""
    if not runs:
        return False
    left, bottom, right, top = edges
    lefts, bottoms, rights, tops = zip(*runs, strict=True)
    return bool(
        left <= min(lefts) and bottom <= min(bottoms) and max(rights) <= right and max(tops) <= top
    )


def _heights(page: pdfium.PdfTextPage, read: str) -> dict[int, int]:
    """Tell how high the first and the last lines of what was read of a page stand."""
    count = page.count_chars()
    whole = read if len(read) == count else page.get_text_range(errors="replace")
    if len(whole) != count:
        return {}
    lines = read.split("\r\n")
    starts: list[int] = []  # of lines, if need be beyond the left edge
    start = 0
    for line in whole.split("\r\n"):
        if len(starts) < len(lines) and lines[len(starts)] in line:  # it is within the edges
            starts.append(start + len(line) - len(line.lstrip()))
        start += len(line) + 2
    written = [number for number, line in enumerate(lines[: len(starts)]) if line.strip()]
    with suppress(*_FAULTS):
        return {
            number: round(page.get_charbox(starts[number], loose=True)[1])
            for number in written[:OUTER] + written[-OUTER:]
        }
    return {}


def _any_unsure(page: pdfium.PdfTextPage, indices: Iterable[int]) -> bool:
    """Tell whether the PDF does not say what some glyphs are; their sizes are unsure, too."""
    handle = page.raw
    return any(raw.FPDFText_HasUnicodeMapError(handle, index) == 1 for index in indices)


def _text_by_glyphs(page: pdfium.PdfTextPage, count: int) -> str:
    """Read a page with glyphs of which the PDF does not say what they are.

    PDFium takes their codes for characters. If one of these is a control character, then the codes
    are mere numbers of glyphs, and U+FFFD stands for each; else they are taken at their word.
    """
    handle = page.raw
    codes = [raw.FPDFText_GetUnicode(handle, index) for index in range(count)]
    unsure = {
        index
        for index in range(count)
        if codes[index] != 32 and raw.FPDFText_HasUnicodeMapError(handle, index) == 1
    }
    if all(codes[index] > 32 and not 127 <= codes[index] < 160 for index in unsure):
        unsure.clear()
    parts: list[str] = []
    for index, code in enumerate(codes):
        if index in unsure or code >= 0x110000:
            parts.append(UNREADABLE)
        elif raw.FPDFText_IsHyphen(handle, index) == 1:
            parts.append(BREAK)
        else:
            parts.append(chr(code))
    return "".join(parts)
