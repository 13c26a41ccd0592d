"""PDF through pypdf, page by page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from keydiff_cli.documents.byte_stream import ByteStream
from keydiff_cli.documents.document import Document, Piece
from keydiff_cli.documents.form_fields import filled_fields
from keydiff_cli.documents.page_tree import Leaf, count_pages, forget_objects, walk_pages
from keydiff_cli.documents.pdf_guard import Guard, bounded_text
from keydiff_cli.errors import DocumentError
from keydiff_cli.system.terminal import printable

if TYPE_CHECKING:
    from pypdf import PdfReader

PIECE = 64 * 1024  # characters of a page given at a time
_SHOWN = 12  # ranges of pages that a warning names at most
_SURROGATE = re.compile("[\ud800-\udfff]")


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
        file, self._sha256 = stream.seekable_file()
        self._guard = Guard()
        self._silent: list[int] = []  # numbers of the pages without text
        self._failed: list[int] = []  # numbers of the pages that cannot be read
        self._reason = ""  # why the first of these cannot be read
        with self._guard.watch():
            self._reader: PdfReader = _open_reader(file, self.name)
            self.pages = self.total = _count(self._reader, self.name)

    def _read(self) -> Iterator[Piece]:
        number = 0
        leaves = walk_pages(self._reader)
        while True:
            with self._guard.watch():
                leaf = _next_leaf(leaves, self.name)
                if leaf is None:
                    break
                number += 1
                text = self._page_text(leaf, number)
            for start in range(0, len(text), PIECE):
                yield Piece(text[start : start + PIECE], number, number)
        self.sha256 = self._sha256 or self._stream.hash_file()
        self._stream.check_unchanged()
        self._warn()

    def _page_text(self, leaf: Leaf, number: int) -> str:
        """Return the text of a page with its form fields; empty, and noted, if there is none."""
        try:
            page = leaf.page(self._reader)
            parts = [bounded_text(page), *filled_fields(page, self._reader)]
            text = _clean("\n".join(filter(None, parts)))
        except Exception as error:
            self._failed.append(number)
            self._reason = self._reason or _short(error)
            return ""
        finally:
            forget_objects(self._reader, number)
        if not text:
            self._silent.append(number)
        return text

    def _warn(self) -> None:
        """Add a warning for each kind of loss that was noted."""
        if self._failed:
            self.warnings.append(
                f"{_list_pages(self._failed)} of {self.name} could not be read "
                f"({self._reason}) and {_was(self._failed)} left out"
            )
        if self._silent:
            verb = "has" if len(self._silent) == 1 else "have"
            pronoun = "it" if len(self._silent) == 1 else "they"
            self.warnings.append(
                f"{_list_pages(self._silent)} of {self.name} {verb} no text (scanned?); "
                f"{pronoun} {_was(self._silent)} not read"
            )
        if self._guard.complaints:
            self.warnings.append(
                f"{self.name} is damaged in places and its text may be incomplete "
                f"(pypdf: {self._guard.first})"
            )

    def _blank(self) -> str:
        if self._failed and not self._silent:
            return f"{self.name} is damaged: none of its pages can be read ({self._reason})"
        return (
            f"{self.name} has no text: it looks scanned and needs OCR first, "
            "such as with ocrmypdf in.pdf out.pdf"
        )

    def close(self) -> None:
        """Close the file and forget what pypdf has read."""
        self._reader.close()
        super().close()


def _open_reader(file: object, name: str) -> PdfReader:
    """Open a PDF with pypdf; DocumentError with advice if that fails."""
    from pypdf import PasswordType, PdfReader
    from pypdf.errors import DependencyError

    try:
        reader = PdfReader(file)  # type: ignore[arg-type]
        if reader.is_encrypted and reader.decrypt("") == PasswordType.NOT_DECRYPTED:
            raise DocumentError(
                f"{name} needs a password; remove it first with "
                "qpdf --decrypt --password=... in.pdf out.pdf"
            )
    except DependencyError as error:
        raise DocumentError(
            f"{name} is encrypted with AES, which needs a package: pip install cryptography"
        ) from error
    except DocumentError:
        raise
    except NotImplementedError as error:
        raise DocumentError(
            f"{name} is encrypted in a way that is not supported; remove it first with "
            "qpdf --decrypt in.pdf out.pdf"
        ) from error
    except Exception as error:
        raise DocumentError(
            f"{name} is damaged or cut short and cannot be read as PDF; "
            "try to repair it, such as with qpdf in.pdf out.pdf"
        ) from error
    return reader


def _next_leaf(leaves: Iterator[Leaf], name: str) -> Leaf | None:
    """Go on to the next page, None at the end; DocumentError if the page tree breaks off."""
    try:
        return next(leaves, None)
    except Exception as error:
        raise DocumentError(
            f"{name} could be read no further ({_short(error)}); did it change meanwhile?"
        ) from error


def _count(reader: PdfReader, name: str) -> int:
    """Count the pages; DocumentError if there are none, or they cannot be found."""
    try:
        pages = count_pages(reader)
    except DocumentError:
        raise
    except Exception as error:
        raise DocumentError(
            f"{name} is damaged or cut short: its pages cannot be found ({_short(error)})"
        ) from error
    if not pages:
        raise DocumentError(f"{name} is a PDF without pages")
    return pages


def _clean(text: str) -> str:
    """Drop white space at the ends of lines and what cannot be encoded; end with a line feed."""
    text = text.replace("\0", "").replace("\r\n", "\n").replace("\r", "\n")
    if _SURROGATE.search(text):  # join pairs of surrogates, replace lone ones
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    text = "\n".join(line.rstrip() for line in text.split("\n")).rstrip()
    return text + "\n" if text else ""


def _short(error: Exception) -> str:
    """Say in at most 100 characters what went wrong."""
    from pypdf.errors import LimitReachedError

    if isinstance(error, LimitReachedError) and "loop" in str(error):  # met a second time
        return "a damaged object"
    if isinstance(error, (LimitReachedError, MemoryError, RecursionError)):
        return "too large or too intricate"
    text = printable(str(error)) or type(error).__name__
    return text if len(text) <= 100 else text[:97] + "..."


def _list_pages(numbers: list[int]) -> str:
    """Write ascending page numbers compactly: "pages 3, 7-9"."""
    ranges: list[tuple[int, int]] = []
    for number in numbers:
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1] = (ranges[-1][0], number)
        else:
            ranges.append((number, number))
    shown = [str(first) if first == last else f"{first}-{last}" for first, last in ranges[:_SHOWN]]
    rest = sum(last - first + 1 for first, last in ranges[_SHOWN:])
    more = f" and {rest:,} more" if rest else ""
    return ("page " if len(numbers) == 1 else "pages ") + ", ".join(shown) + more


def _was(numbers: list[int]) -> str:
    return "was" if len(numbers) == 1 else "were"
