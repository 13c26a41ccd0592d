"""OCR in a process of its own.

The pages of a PDF are drawn by PDFium and read by RapidOCR, both of which are large and not
memory-safe. So they run here, where a crash takes nothing with it, and all their memory is free
again when this process ends. It is started by :mod:`keydiff_cli.documents.ocr.recogniser` and
run by ``serving.py``, and imports nothing of the package.

The argument is how many threads may compute. The first answer is empty. A request is a line with
the index of a page, counted from 0, and 0 to read the page, or 1 to look whether pictures cover
most of it, which takes little.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium

MAXIMUM_MEMORY = 3 << 30  # bytes of address space, most of which is never used
DPI = 200
MAXIMUM_PIXELS = 8_000_000  # of a page; a larger one is drawn with fewer dots per inch
COVERED = 0.5  # share of a page that pictures cover, from which on it counts as scanned
MAXIMUM_PICTURES = 1_000  # looked at on one page
# The direction of lines is taken as it is: the classifier turns good ones upside down. With pages
# made smaller to find lines in, and one line read at a time, it takes half the memory and errs no
# more (docs/ocr.py).
PARAMETERS = {
    "Global.use_cls": False,
    "Global.log_level": "critical",
    "Det.limit_type": "max",
    "Det.limit_side_len": 960,
    "Rec.rec_batch_num": 1,
    "EngineConfig.onnxruntime.inter_op_num_threads": 1,
}


def serve(requests: Iterable[bytes], descriptor: int, threads: str) -> Iterator[dict[str, Any]]:
    """Read the pages that are asked for."""
    reader = _Reader(descriptor, int(threads))
    yield {}
    for line in requests:
        index, look = map(int, line.split())
        try:
            told = reader.look(index) if look else reader.page(index)
        except Exception as error:
            told = {"error": f"it cannot be drawn or read: {type(error).__name__}"}
        yield told


class _Reader:
    """A PDF whose pages are read as pictures."""

    def __init__(self, descriptor: int, threads: int) -> None:
        self._file = open(f"/dev/fd/{descriptor}", "rb")  # noqa: SIM115
        self._document = pypdfium2.PdfDocument(self._file)
        self._threads = threads
        self._engine: Any = None

    def look(self, index: int) -> dict[str, Any]:
        """Look whether a page is a picture."""
        with closing(self._document[index]) as page:
            return {"picture": _is_picture(page)}

    def page(self, index: int) -> dict[str, Any]:
        """Read a page: its lines, as boxes in dots with their text, and how sure all are."""
        with closing(self._document[index]) as page:
            dots = _drawn(page)
        if dots.min() == dots.max():  # blank
            return {"lines": [], "score": 1.0}
        found = self._recognise(dots)
        if found.txts is None:
            return {"lines": [], "score": 1.0}
        lines = [
            [*map(float, (*box.min(axis=0), *box.max(axis=0))), text]
            for box, text in zip(found.boxes, found.txts, strict=True)
        ]
        letters = sum(map(len, found.txts))
        sure = sum(len(text) * score for text, score in zip(found.txts, found.scores, strict=True))
        return {"lines": lines, "score": float(sure / letters)}

    def _recognise(self, dots: Any) -> Any:
        if self._engine is None:
            from rapidocr import RapidOCR

            threads = {"EngineConfig.onnxruntime.intra_op_num_threads": self._threads}
            self._engine = RapidOCR(params=PARAMETERS | threads)
        return self._engine(dots)


def _is_picture(page: Any) -> bool:
    """Tell whether pictures cover most of a page."""
    width, height = page.get_size()
    covered = 0.0
    objects = page.get_objects(filter=(pdfium.FPDF_PAGEOBJ_IMAGE,))
    for _, picture in zip(range(MAXIMUM_PICTURES), objects, strict=False):
        left, bottom, right, top = picture.get_bounds()
        wide = min(right, width) - max(left, 0)
        high = min(top, height) - max(bottom, 0)
        covered += max(wide, 0) * max(high, 0)
    return bool(covered > COVERED * width * height)


def _drawn(page: Any) -> Any:
    """Draw a page: an array of grey dots."""
    width, height = page.get_size()
    scale = min(DPI / 72, (MAXIMUM_PIXELS / max(width * height, 1)) ** 0.5)
    return page.render(scale=scale, grayscale=True).to_numpy().squeeze().copy()
