"""PDFium in a process of its own: a program that reads requests and writes answers.

PDFium is fast and reads text right, but it is not memory-safe, so it runs here, where a crash
takes nothing with it. The process has the PDF as an open file, and as much memory as
``MAXIMUM_MEMORY``. It is started by :mod:`keydiff_cli.documents.pdfium` as a file and not as a
module: it imports nothing of the package, so that it starts quickly.

The first answer tells about the document. A request is a line with the index of a page, counted
from 0, and its answer tells about the page. An answer is JSON behind its length, 4 bytes.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pypdfium2_raw as pdfium  # what pypdfium2.raw is, without the rest of pypdfium2

MAXIMUM_MEMORY = 1 << 30  # bytes of address space
MAXIMUM_CHARACTERS = 1_000_000  # of one page
MAXIMUM_OUTLINE = 5_000  # entries of an outline
MAXIMUM_DEPTH = 16  # levels of an outline
MAXIMUM_ANNOTATIONS = 2_000  # looked at on one page
MAXIMUM_ATTACHMENTS = 100
LONGEST = 1_000  # characters of a title, a label or a name
LONGEST_NOTE = 20_000  # characters of an annotation
TOGETHER = 200  # pages read before the document is opened anew, which frees what PDFium keeps
SAMPLE = 7  # of so many characters one is asked first whether it can be read
UNREADABLE = "\ufffd"  # stands for a glyph of which nothing is known
BREAK = "\ufffe"  # stands for a hyphen and the end of its line, as PDFium has it

_ON_THE_PAGE = {  # kinds of annotations whose appearance may hold text, which is put on the page
    pdfium.FPDF_ANNOT_FREETEXT,
    pdfium.FPDF_ANNOT_STAMP,
    pdfium.FPDF_ANNOT_WATERMARK,
    pdfium.FPDF_ANNOT_REDACT,
    pdfium.FPDF_ANNOT_LINE,
    pdfium.FPDF_ANNOT_POLYGON,
    pdfium.FPDF_ANNOT_UNKNOWN,
}
_NO_TEXT = {pdfium.FPDF_ANNOT_LINK, pdfium.FPDF_ANNOT_POPUP, pdfium.FPDF_ANNOT_WIDGET}


def main() -> None:
    """Serve until the requests end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends this process
    _limit_memory()
    document = _Document(f"/dev/fd/{sys.argv[1]}".encode())
    _answer(document.about())
    for line in sys.stdin.buffer:
        _answer(document.page(int(line)))


def _limit_memory() -> None:
    try:
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        if hard == resource.RLIM_INFINITY or hard > MAXIMUM_MEMORY:
            resource.setrlimit(resource.RLIMIT_AS, (MAXIMUM_MEMORY, hard))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (ImportError, OSError, ValueError):  # a system without such limits
        pass


def _answer(what: dict[str, Any]) -> None:
    data = json.dumps(what).encode()
    os.write(1, len(data).to_bytes(4, "big"))
    while data:
        data = data[os.write(1, data) :]


class _Document:
    """A PDF that PDFium has open."""

    def __init__(self, path: bytes) -> None:
        pdfium.FPDF_InitLibrary()
        self._path = path
        self._read = 0  # pages since it was opened
        self._open()

    def _open(self) -> None:
        self._handle = pdfium.FPDF_LoadDocument(self._path, None)
        self._pages = pdfium.FPDF_GetPageCount(self._handle) if self._handle else 0

    def about(self) -> dict[str, Any]:
        """Tell how many pages there are, the outline, and what else there is."""
        if not self._handle:
            return {"pages": 0, "xfa": False, "outline": [], "attachments": []}
        return {
            "pages": self._pages,
            "xfa": pdfium.FPDF_GetFormType(self._handle)
            in (pdfium.FORMTYPE_XFA_FULL, pdfium.FORMTYPE_XFA_FOREGROUND),
            "outline": list(self._outline()),
            "attachments": list(self._attachments()),
        }

    def page(self, index: int) -> dict[str, Any]:
        """Tell about a page: its text, label, notes, and how many form fields it has."""
        if self._read == TOGETHER:
            pdfium.FPDF_CloseDocument(self._handle)
            self._open()
            self._read = 0
        self._read += 1
        page = pdfium.FPDF_LoadPage(self._handle, index)
        if not page:
            return {"error": "the page is damaged"}
        try:
            told = self._annotations(page)
            if visible := told.pop("visible"):
                if not pdfium.FPDFPage_Flatten(page, pdfium.FLAT_NORMALDISPLAY):
                    told["silent"] += visible
                pdfium.FPDF_ClosePage(page)
                page = pdfium.FPDF_LoadPage(self._handle, index)
            told.update(_text(page))
            told["label"] = _utf16(partial(pdfium.FPDF_GetPageLabel, self._handle, index))[:LONGEST]
            return told
        finally:
            pdfium.FPDF_ClosePage(page)

    def _annotations(self, page: Any) -> dict[str, Any]:
        """Look through the annotations; take away those that show no text of their own."""
        fields = visible = 0
        notes: list[str] = []
        files: list[str] = []
        count = pdfium.FPDFPage_GetAnnotCount(page)
        for index in range(min(count, MAXIMUM_ANNOTATIONS) - 1, -1, -1):
            annotation = pdfium.FPDFPage_GetAnnot(page, index)
            if not annotation:
                continue
            kind = pdfium.FPDFAnnot_GetSubtype(annotation)
            hidden = pdfium.FPDFAnnot_GetFlags(annotation) & pdfium.FPDF_ANNOT_FLAG_HIDDEN
            fields += kind == pdfium.FPDF_ANNOT_WIDGET
            if kind == pdfium.FPDF_ANNOT_FILEATTACHMENT:
                files.append(_file_name(pdfium.FPDFAnnot_GetFileAttachment(annotation)))
            elif kind not in _NO_TEXT and not hidden:
                notes.append(_contents(annotation))
            pdfium.FPDFPage_CloseAnnot(annotation)
            if kind in _ON_THE_PAGE and not hidden:
                visible += 1
            elif kind != pdfium.FPDF_ANNOT_LINK:
                pdfium.FPDFPage_RemoveAnnot(page, index)
        return {
            "fields": fields,
            "notes": [note for note in reversed(notes) if note],
            "files": files[::-1],
            "silent": max(0, count - MAXIMUM_ANNOTATIONS),
            "visible": visible,
        }

    def _outline(self) -> Iterator[tuple[str, int, int]]:
        """Yield the title, the page counted from 1 (0: none) and the level of each entry."""
        met: set[int] = set()
        stack = [pdfium.FPDFBookmark_GetFirstChild(self._handle, None)]
        while stack and len(met) < MAXIMUM_OUTLINE:
            mark = stack.pop()
            address = ctypes.cast(mark, ctypes.c_void_p).value if mark else None
            if address is None or address in met:
                continue
            met.add(address)
            title = _utf16(partial(pdfium.FPDFBookmark_GetTitle, mark))
            target = pdfium.FPDFBookmark_GetDest(self._handle, mark)
            page = pdfium.FPDFDest_GetDestPageIndex(self._handle, target) + 1 if target else 0
            yield " ".join(title[:LONGEST].split()), max(0, page), len(stack) + 1
            stack.append(pdfium.FPDFBookmark_GetNextSibling(self._handle, mark))
            if len(stack) < MAXIMUM_DEPTH:
                stack.append(pdfium.FPDFBookmark_GetFirstChild(self._handle, mark))

    def _attachments(self) -> Iterator[str]:
        """Yield the names of the files that the PDF carries."""
        count = pdfium.FPDFDoc_GetAttachmentCount(self._handle)
        for index in range(min(count, MAXIMUM_ATTACHMENTS)):
            yield _file_name(pdfium.FPDFDoc_GetAttachment(self._handle, index))


def _file_name(attachment: Any) -> str:
    """Return the name of an attached file; empty if there is none."""
    if not attachment:
        return ""
    return _utf16(partial(pdfium.FPDFAttachment_GetName, attachment))[:LONGEST]


def _contents(annotation: Any) -> str:
    """Return what is written in an annotation, as far as it is text."""
    text = _utf16(partial(pdfium.FPDFAnnot_GetStringValue, annotation, b"Contents"))
    return text[:LONGEST_NOTE].strip()


def _text(page: Any) -> dict[str, Any]:
    """Read the text of a page."""
    handle = pdfium.FPDFText_LoadPage(page)
    if not handle:
        return {"error": "the text of the page is damaged"}
    try:
        count = pdfium.FPDFText_CountChars(handle)
        if count > MAXIMUM_CHARACTERS:
            return {"error": "too large or too intricate"}
        asked = pdfium.FPDFText_HasUnicodeMapError
        if any(asked(handle, index) == 1 for index in range(0, count, SAMPLE)):
            return {"text": _text_by_glyphs(handle, count)}
        buffer = (ctypes.c_ushort * (2 * count + 2))()
        units = max(0, pdfium.FPDFText_GetText(handle, 0, count, buffer) - 1)
        text = bytes(buffer)[: 2 * units].decode("utf-16-le", "replace")
        return {"text": _text_within(page, handle, units) or text}
    finally:
        pdfium.FPDFText_ClosePage(handle)


def _text_within(page: Any, handle: Any, units: int) -> str:
    """Read what is within the edges of a page; empty if that is all its ``units`` of UTF-16."""
    box = pdfium.FS_RECTF()
    if not pdfium.FPDF_GetPageBoundingBox(page, box):
        return ""
    edges = (box.left, box.top, box.right, box.bottom)
    inside = pdfium.FPDFText_GetBoundedText(handle, *edges, None, 0)
    if inside >= units:
        return ""
    buffer = (ctypes.c_ushort * (inside + 1))()
    pdfium.FPDFText_GetBoundedText(handle, *edges, buffer, inside)
    text = bytes(buffer)[: 2 * inside].decode("utf-16-le", "replace")
    return text.replace("\2", BREAK)  # as PDFium has it here


def _text_by_glyphs(handle: Any, count: int) -> str:
    """Read a page with glyphs of which the PDF does not say what they are.

    PDFium takes their codes for characters. If one of these is a control character, then the codes
    are mere numbers of glyphs, and U+FFFD stands for each; else they are taken at their word.
    """
    codes = [pdfium.FPDFText_GetUnicode(handle, index) for index in range(count)]
    unsure = {
        index
        for index in range(count)
        if codes[index] != 32 and pdfium.FPDFText_HasUnicodeMapError(handle, index) == 1
    }
    if all(codes[index] > 32 and not 127 <= codes[index] < 160 for index in unsure):
        unsure.clear()
    parts: list[str] = []
    for index, code in enumerate(codes):
        if index in unsure or code >= 0x110000:
            parts.append(UNREADABLE)
        elif pdfium.FPDFText_IsHyphen(handle, index) == 1:
            parts.append(BREAK)
        else:
            parts.append(chr(code))
    return "".join(parts)


def _utf16(read: Callable[[Any, int], int]) -> str:
    """Call a function of PDFium that fills a buffer with UTF-16 and returns its length in bytes."""
    size = read(None, 0)
    if not 2 < size <= 4 * MAXIMUM_CHARACTERS:
        return ""
    # Some functions want bytes, others units of two bytes; the buffer is as large for both.
    buffer = (ctypes.c_ushort * (size // 2 + 1))()
    try:
        read(buffer, size)
    except ctypes.ArgumentError:
        read(ctypes.cast(buffer, ctypes.c_void_p), size)
    return bytes(buffer)[: size - 2].decode("utf-16-le", "replace")


if __name__ == "__main__":
    main()
