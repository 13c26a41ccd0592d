"""A PDF opened with pypdf, and what is said of one that cannot be read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from keydiff_cli.documents.page_tree import Leaf, count_pages
from keydiff_cli.documents.worker import TOO_LARGE
from keydiff_cli.errors import DocumentError
from keydiff_cli.system.terminal import printable

if TYPE_CHECKING:
    from pypdf import PdfReader


def open_reader(file: object, name: str) -> PdfReader:
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


def next_leaf(leaves: Iterator[Leaf], name: str) -> Leaf | None:
    """Go on to the next page, None at the end; DocumentError if the page tree breaks off."""
    try:
        return next(leaves, None)
    except Exception as error:
        raise DocumentError(
            f"{name} could be read no further ({short_reason(error)}); did it change meanwhile?"
        ) from error


def count(reader: PdfReader, name: str) -> int:
    """Count the pages; DocumentError if there are none, or they cannot be found."""
    try:
        pages = count_pages(reader)
    except DocumentError:
        raise
    except Exception as error:
        raise DocumentError(
            f"{name} is damaged or cut short: its pages cannot be found ({short_reason(error)})"
        ) from error
    if not pages:
        raise DocumentError(f"{name} is a PDF without pages")
    return pages


def short_reason(error: Exception) -> str:
    """Say in at most 100 characters what went wrong."""
    from pypdf.errors import LimitReachedError

    if isinstance(error, LimitReachedError) and "loop" in str(error):  # met a second time
        return "a damaged object"
    if isinstance(error, (LimitReachedError, MemoryError, RecursionError)):
        return TOO_LARGE
    text = printable(str(error)) or type(error).__name__
    return text if len(text) <= 100 else text[:97] + "..."
