"""PDF, page by page: text by PDFium, forms and what PDFium cannot read by pypdf."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from keydiff_cli.documents import pdf_losses as losses
from keydiff_cli.documents.byte_stream import ByteStream
from keydiff_cli.documents.document import Document, Piece, pieces_of
from keydiff_cli.documents.ocr.recogniser import RecogniserError
from keydiff_cli.documents.ocr.scans import Scans
from keydiff_cli.documents.outline import Heading
from keydiff_cli.documents.pdf_opening import short_reason
from keydiff_cli.documents.pdf_scan import Signs, scan
from keydiff_cli.documents.pdf_text import (
    UNREADABLE,
    Mender,
    clean,
    is_unreadable,
    unreadable_share,
)
from keydiff_cli.documents.pdfium import Pdfium, PdfiumError
from keydiff_cli.documents.running_lines import RunningLines
from keydiff_cli.documents.worker import TOO_LARGE
from keydiff_cli.errors import DocumentError

if TYPE_CHECKING:
    from keydiff_cli.documents.pypdf_pages import PypdfPages

TOGETHER = 8  # pages read before the first of them is given, for the words of those behind it
ENOUGH = 200_000  # characters after which fewer pages are enough
FEW = 0.05  # share of them below which a page by pypdf is good enough


@dataclass(frozen=True)
class _Page:
    """A page as it was read: the text of an extractor, and lines of fields and notes."""

    number: int
    text: str = ""
    lines: tuple[str, ...] = ()
    failed: bool = False


class PdfDocument(Document):
    """A PDF, read page by page.

    A PDF from a pipe is read from a temporary copy, since the index of a PDF is at its end.

    Raises
    ------
    DocumentError
        If the file is damaged, needs a password, is encrypted in an unknown way, or has no pages.
    """

    kind = "pdf"
    unit = "pages"
    page_kind = "page"

    def __init__(self, stream: ByteStream) -> None:
        super().__init__(stream)
        self._file, self._sha256 = stream.seekable_file()
        self._losses = losses.Losses()
        self._labels: dict[int, str] = {}
        self._headings: dict[int, str] = {}
        self._mender = Mender()
        self._running = RunningLines()
        self._pypdf: PypdfPages | None = None
        self._scans_of: Scans | None = None
        self._pdfium = Pdfium(self._file.fileno())
        self._about = self._pdfium.about()
        self._signs = scan(self._file) if self._about.pages else Signs()
        self.pages = self.total = self._count_pages()

    def _count_pages(self) -> int:
        """Count the pages; PDFium believes the number that the PDF declares, which may be wrong."""
        if not self._about.pages:
            return self._second().pages
        if self._about.pages < self._signs.pages:
            with suppress(DocumentError):
                return max(self._about.pages, self._second().pages)
        return self._about.pages

    def page_name(self, number: int) -> str:
        """Return the label of a page where it is not its number."""
        return self._labels.get(number, "")

    def page_heading(self, number: int) -> str:
        """Return the first heading of the outline that leads to a page."""
        return self._headings.get(number, "")

    @property
    def _scans(self) -> Scans:
        """The pages that are read as pictures, as it was said when the document was opened."""
        if self._scans_of is None:
            self._scans_of = Scans(self.ocr, self._file.fileno(), self._hashed)
        return self._scans_of

    def _hashed(self) -> str:
        """The hash of the file, which is read for it once."""
        self._sha256 = self._sha256 or self._stream.hash_file()
        return self._sha256

    def recognise(self) -> None:
        """Read pages by OCR that need it, so that ``pieces`` need not wait for them."""
        if not self.ocr.active or not self._about.pages or self._scans.all_there:
            return
        wanted: list[tuple[int, str]] = []
        running = RunningLines()
        with closing(Pdfium(self._file.fileno())) as pdfium:
            for number in range(1, self._about.pages + 1):
                with suppress(PdfiumError):
                    answer = pdfium.page(number - 1)
                    rest = running.take(number, answer)
                    text = self._decoded(rest.text, number)
                    if self._scans.wants(text):
                        wanted.append((number, text))
        for done, (number, text) in enumerate(wanted):
            self.ocr.tell(self.name, done, len(wanted))
            with suppress(RecogniserError):  # the page is left out, with a warning
                self._scans.page(number, text)
        self.ocr.tell(self.name, len(wanted), len(wanted))
        self._scans.end()

    def _recognised(self, page: _Page) -> _Page:
        """Return a page with what OCR finds on it, where it has no text that is as good."""
        if page.failed or not self._about.pages or not self._scans.wants(page.text):
            return page
        try:
            found = self._scans.page(page.number, page.text)
        except RecogniserError as error:
            self._losses.add_unrecognised(page.number, str(error))
            return page
        if found is None:
            return page
        self.ocr_pages.append(page.number)
        self._losses.add_recognised(page.number, found.score)
        return replace(page, text=found.text)

    def _second(self) -> PypdfPages:
        """Return the PDF as pypdf has it open; DocumentError if it cannot open it."""
        if self._pypdf is None:
            from keydiff_cli.documents.pypdf_pages import PypdfPages

            self._pypdf = PypdfPages(self._file, self.name)
        return self._pypdf

    def _read(self) -> Iterator[Piece]:
        self._take_up()
        together: list[_Page] = []
        for number in range(1, (self.pages or 0) + 1):
            page = self._page(number) if self._about.pages else self._by_pypdf(number)
            together.append(self._recognised(page))
            size = sum(len(page.text) for page in together)
            if len(together) == TOGETHER or size > ENOUGH or number == self.pages:
                yield from self._pieces_of(together)
                together = []
        self._pdfium.close()
        self._scans.close()
        self.sha256 = self._hashed()
        self._stream.check_unchanged()
        if self._pypdf:
            self._losses.complaint = self._pypdf.complaint(of_opening=not self._about.pages)
        self.left_out += self._losses.left_out()
        self.warnings += self._losses.warnings(self.name, self.ocr.advice)

    def _take_up(self) -> None:
        """Take up the outline, and note the files that are not read."""
        for title, page, level in self._about.outline:
            if title:
                self.outline.append(Heading(title, level, page or None, None))
                self._headings.setdefault(page, title)
        for file in self._about.attachments:
            self._losses.add_file(None, file)

    def _pieces_of(self, pages: list[_Page]) -> Iterator[Piece]:
        """Yield the pieces of some pages, whose words are known before the first is mended."""
        for page in pages:
            self._mender.learn(page.text)
        for page in pages:
            yield from pieces_of(self._whole(page), page.number, page.number)

    def _whole(self, page: _Page) -> str:
        """Return what is read of a page, and note what is not."""
        text = self._mender.mend(page.text)
        if odd := is_unreadable(text):
            self._losses.add(losses.NOT_DECODED, page.number)
            text = ""
        self._losses.add(losses.GLYPHS, page.number, text.count(UNREADABLE))
        whole = text + clean("\n".join(page.lines))
        if not whole and not odd and not page.failed:
            self._losses.add(losses.WITHOUT_TEXT, page.number)
        return whole

    def _page(self, number: int) -> _Page:
        """Read a page with PDFium; an empty one, and noted, if it cannot be read."""
        try:
            if number > self._about.pages:
                raise PdfiumError("the PDF declares too few pages")
            answer = self._pdfium.page(number - 1)
        except PdfiumError as error:
            if str(error) == TOO_LARGE:
                self._losses.add_failed(number, TOO_LARGE)
                return _Page(number, failed=True)
            page = self._by_pypdf(number, str(error))
            if page.text or page.lines:
                self._losses.add_second(number, str(error))
            return page
        rest = self._running.take(number, answer)
        self._losses.running += rest.lines
        if (label := answer.label or rest.number) != str(number):
            self._labels[number] = label
        self._losses.add(losses.ANNOTATIONS, number, answer.silent)
        for file in answer.files:
            self._losses.add_file(number, file)
        text = self._decoded(rest.text, number)
        notes = self._notes(number, answer.notes, text) if answer.notes else []
        fields = self._fields(number, answer.fields) if answer.fields else []
        return _Page(number, text, (*self._xfa(number), *fields, *notes))

    def _decoded(self, text: str, number: int) -> str:
        """Return the text of a page, by pypdf where that has letters that PDFium has not."""
        if UNREADABLE in text and is_unreadable(clean(text)):
            with suppress(Exception):
                second = self._second().text(number)
                if second and unreadable_share(clean(second)) < FEW:
                    return second
        elif self._signs.ligatures:
            with suppress(Exception):
                if self._second().has_ligature_fonts(number):
                    second = self._second().text(number)
                    if clean(second).count("ff") > clean(text).count("ff"):
                        return second
        return text

    def _by_pypdf(self, number: int, reason: str = "") -> _Page:
        """Read a page with pypdf, without its annotations; ``reason`` is why PDFium did not."""
        try:
            text = self._second().text(number)
            annotations = self._second().annotations(number)
            fields = self._second().fields(number)
        except Exception as error:
            self._losses.add_failed(number, reason or short_reason(error))
            return _Page(number, failed=True)
        self._losses.add(losses.ANNOTATIONS, number, annotations)
        self._losses.add(losses.FIELDS, number, fields.damaged)
        return _Page(number, text, (*self._xfa(number), *fields.lines))

    def _xfa(self, number: int) -> list[str]:
        """Return the fields of an XFA form, which come with the first page."""
        if number > 1 or not (self._about.xfa or not self._about.pages):
            return []
        try:
            return self._second().xfa()
        except Exception:
            self._losses.add_xfa()
            return []

    def _notes(self, number: int, count: int, text: str) -> list[str]:
        """Return so many notes of a page, those that are not in its text."""
        try:
            notes = self._second().notes(number)
        except Exception:
            self._losses.add(losses.ANNOTATIONS, number, count)
            return []
        shown = "".join(text.split())
        return [note for note in notes if "".join(note.split()) not in shown]

    def _fields(self, number: int, count: int) -> list[str]:
        """Return so many form fields of a page that PDFium read."""
        try:
            fields = self._second().fields(number)
        except Exception:
            self._losses.add(losses.FIELDS, number, count)
            return []
        self._losses.add(losses.FIELDS, number, fields.damaged)
        return fields.lines

    def _blank(self) -> str:
        failed, silent, odd = map(
            self._losses.pages, (losses.NOT_READ, losses.WITHOUT_TEXT, losses.NOT_DECODED)
        )
        if failed and not silent and not odd:
            reason = self._losses.reason
            return f"{self.name} is damaged: none of its pages can be read ({reason})"
        if odd and not silent:
            return f"{self.name} has pages that cannot be decoded: {self.ocr.advice}"
        return f"{self.name} has no text, its pages look scanned: {self.ocr.advice}"

    def close(self) -> None:
        """End PDFium and OCR, close the file and forget what pypdf has read."""
        self._pdfium.close()
        if self._scans_of:
            self._scans_of.close()
        if self._pypdf:
            self._pypdf.close()
        super().close()
