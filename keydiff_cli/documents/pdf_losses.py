"""What of a PDF could not be read, counted page by page, and how it is told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from keydiff_cli.documents.left_out import LeftOut
from keydiff_cli.documents.page_runs import runs
from keydiff_cli.system.terminal import printable

WITHOUT_TEXT = "pages without text"
NOT_READ = "pages that cannot be read"
NOT_DECODED = "pages that cannot be decoded"
GLYPHS = "unreadable glyphs"
ANNOTATIONS = "annotations"
FIELDS = "form fields"
FILES = "attachments"
XFA = "forms (XFA)"
RUNNING = "repeated lines of headers and footers"

SURE = 0.96  # of 1, how sure OCR is at the least of a page that it reads well

_SHOWN = 12  # ranges of pages that a warning names at most
_NAMES = 5  # names of attachments that a warning has at most
_LONGEST_NAME = 60  # characters


class Losses:
    """Counts what is lost, in the order of the pages.

    Attributes
    ----------
    reason : str
        Why the first of the pages that cannot be read cannot.
    complaint : str
        What pypdf said of what it read; empty if nothing.
    running : int
        Lines of running headers and footers that were not read again.
    """

    def __init__(self) -> None:
        self.reason = ""
        self.complaint = ""
        self.running = 0
        self._counts: dict[str, dict[int, int]] = {}
        self._files: list[tuple[int | None, str]] = []
        self._xfa = False
        self._second: list[int] = []
        self._second_reason = ""
        self._recognised: dict[int, float] = {}
        self._unrecognised: list[int] = []
        self._unrecognised_reason = ""

    def add(self, what: str, page: int, count: int = 1) -> None:
        """Note that so many of something on a page are lost; nothing if there are none."""
        if count:
            pages = self._counts.setdefault(what, {})
            pages[page] = pages.get(page, 0) + count

    def add_failed(self, page: int, reason: str) -> None:
        """Note a page that cannot be read."""
        self.add(NOT_READ, page)
        self.reason = self.reason or reason

    def add_second(self, page: int, reason: str) -> None:
        """Note a page that was read by pypdf, since PDFium failed."""
        self._second.append(page)
        self._second_reason = self._second_reason or reason

    def add_recognised(self, page: int, score: float) -> None:
        """Note a page that was read by OCR, and how sure that is, from 0 to 1."""
        self._recognised[page] = score

    def add_unrecognised(self, page: int, reason: str) -> None:
        """Note a page that OCR could not read."""
        self._unrecognised.append(page)
        self._unrecognised_reason = self._unrecognised_reason or reason

    def add_file(self, page: int | None, name: str) -> None:
        """Note a file that the PDF carries, on a page or as a whole."""
        self._files.append((page, name))

    def add_xfa(self) -> None:
        """Note that the PDF is an XFA form whose data cannot be read."""
        self._xfa = True

    def pages(self, what: str) -> list[int]:
        """Return the numbers of the pages on which something of a kind is lost."""
        return list(self._counts.get(what, ()))

    def left_out(self) -> list[LeftOut]:
        """Return all losses, those of the document first."""
        whole = [LeftOut(None, XFA, 1)] if self._xfa else []
        if self.running:
            whole.append(LeftOut(None, RUNNING, self.running))
        carried: dict[int | None, int] = {}
        for place, _ in self._files:
            carried[place] = carried.get(place, 0) + 1
        whole += [LeftOut(place, FILES, count) for place, count in carried.items()]
        by_page = (
            LeftOut(page, what, count)
            for what, pages in self._counts.items()
            for page, count in pages.items()
        )
        return whole + sorted(by_page, key=lambda left: left.page or 0)

    def warnings(self, name: str, advice: str) -> Iterator[str]:
        """Yield a line for each kind of loss; ``advice`` says how pages without text are read."""
        if failed := self.pages(NOT_READ):
            yield (
                f"{_list_pages(failed)} of {name} could not be read "
                f"({self.reason}) and {_was(failed)} left out"
            )
        if silent := self.pages(WITHOUT_TEXT):
            yield (
                f"{_list_pages(silent)} of {name} {_have(silent)} no text (scanned?); "
                f"{_they(silent)} {_was(silent)} not read: {advice}"
            )
        if odd := self.pages(NOT_DECODED):
            yield (
                f"{_list_pages(odd)} of {name} {_have(odd)} text that cannot be decoded, as its "
                f"fonts do not tell what it is; {_they(odd)} {_was(odd)} not read: {advice}"
            )
        yield from self._about_ocr(name)
        if self._second:
            yield (
                f"{_list_pages(self._second)} of {name} {_was(self._second)} read by pypdf, and "
                f"perhaps less well, as PDFium failed ({self._second_reason})"
            )
        if glyphs := self._counts.get(GLYPHS):
            count = sum(glyphs.values())
            yield (
                f"{count:,} glyph{'s' * (count > 1)} on {_list_pages(list(glyphs))} of {name} "
                f"cannot be decoded; each is read as \ufffd"
            )
        for what in (ANNOTATIONS, FIELDS):
            if pages := self.pages(what):
                yield f"{what} on {_list_pages(pages)} of {name} could not be read"
        if self._files:
            yield _carries(name, [file for _, file in self._files])
        if self._xfa:
            yield (
                f"{name} is a form (XFA) whose contents could not be read; "
                "print it to a PDF from a program that shows it, such as Adobe Reader"
            )
        if self.complaint:
            yield (
                f"{name} is damaged in places and its text may be incomplete "
                f"(pypdf: {self.complaint})"
            )

    def _about_ocr(self, name: str) -> Iterator[str]:
        if failed := self._unrecognised:
            reason = self._unrecognised_reason
            yield f"{_list_pages(failed)} of {name} could not be read by OCR ({reason})"
        if pages := list(self._recognised):
            yield (
                f"{_list_pages(pages)} of {name} {_was(pages)} read by OCR, "
                "which may have misread some of it"
            )
        if unsure := [page for page, score in self._recognised.items() if score < SURE]:
            yield (
                f"OCR is unsure of {_list_pages(unsure)} of {name}: a poor picture, or a script "
                "that it does not know"
            )


def _carries(name: str, files: Sequence[str]) -> str:
    """Name the files that were not read."""
    shown = [printable(file)[:_LONGEST_NAME] or "without a name" for file in files[:_NAMES]]
    more = f" and {len(files) - _NAMES:,} more" if len(files) > _NAMES else ""
    what = "a file" if len(files) == 1 else f"{len(files):,} files"
    return f"{name} carries {what} that {_was(files)} not read: {', '.join(shown)}{more}"


def _list_pages(numbers: Sequence[int]) -> str:
    """Write ascending page numbers compactly: "pages 3, 7-9"."""
    ranges = runs(numbers)
    shown = [str(first) if first == last else f"{first}-{last}" for first, last in ranges[:_SHOWN]]
    rest = sum(last - first + 1 for first, last in ranges[_SHOWN:])
    more = f" and {rest:,} more" if rest else ""
    return ("page " if len(numbers) == 1 else "pages ") + ", ".join(shown) + more


def _was(things: Sequence[object]) -> str:
    return "was" if len(things) == 1 else "were"


def _have(things: Sequence[object]) -> str:
    return "has" if len(things) == 1 else "have"


def _they(things: Sequence[object]) -> str:
    return "it" if len(things) == 1 else "they"
