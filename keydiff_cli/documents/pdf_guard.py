"""pypdf kept within bounds: what it may spend on a page, and its complaints."""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from keydiff_cli.system.terminal import printable

if TYPE_CHECKING:
    from pypdf import PageObject

# What one page may take. The limits of pypdf itself would let a page take hundreds of megabytes.
MAXIMUM_BYTES = 6_000_000  # of one stream, decompressed; a string in it takes 12 times as much
MAXIMUM_TOKENS = 500_000  # in the contents of one page; each takes about 100 bytes of memory
MAXIMUM_TEXT = 1_000_000  # characters of one page
MAXIMUM_LINE = 32_768  # bytes shown in a row; a font may turn each into 256 characters

_TEXT_OPERATOR = re.compile(rb"T[jJ]|Do|['\"]")
_SHOW = (b"Tj", b"TJ", b"'", b'"')
_HARMLESS = ("Ignoring wrong pointing object", "Overwriting cache", "Multiple definitions")
_LONGEST = 100  # characters of a complaint that are kept


class Guard(logging.Handler):
    """Limits pypdf and collects its complaints.

    Attributes
    ----------
    first : str
        The first complaint that may concern the text, in one short line; empty if there is none.
    """

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.first = ""

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the first complaint of pypdf that is not harmless."""
        try:
            message = printable(record.getMessage())
        except Exception:
            message = "damaged object"
        if message.startswith(_HARMLESS):
            return
        if not self.first:
            self.first = message[:_LONGEST]

    @contextmanager
    def watch(self) -> Iterator[None]:
        """Limit pypdf, and collect what it logs, until the ``with`` block ends."""
        from pypdf import apply_configuration

        logger = logging.getLogger("pypdf")
        propagate = logger.propagate
        logger.propagate = False
        logger.addHandler(self)
        limits = apply_configuration(
            zlib_maximum_output_length=MAXIMUM_BYTES,
            lzw_maximum_output_length=MAXIMUM_BYTES,
            run_length_maximum_output_length=MAXIMUM_BYTES,
            array_based_stream_maximum_output_length=MAXIMUM_BYTES,
            stream_parsing_work_maximum_count=MAXIMUM_TOKENS,
        )
        try:
            with limits, warnings.catch_warnings():
                warnings.simplefilter("ignore")
                yield
        finally:
            logger.removeHandler(self)
            logger.propagate = propagate


def bounded_text(page: PageObject) -> str:
    """Extract the text of a page, which pypdf itself lets grow without end.

    Returns
    -------
    str
        The text as pypdf gives it; empty for a page that shows none.

    Raises
    ------
    MemoryError
        If the text is too long. pypdf goes on after any other error inside a form.
    """
    from pypdf.generic import ArrayObject, ContentStream, NameObject, StreamObject

    contents = page["/Contents"].get_object() if "/Contents" in page else None
    if not isinstance(contents, (ArrayObject, StreamObject)):
        return ""
    contents = ContentStream(contents, page.pdf, "bytes")
    if not _TEXT_OPERATOR.search(contents.get_data()):  # a drawing, which takes long to parse
        return ""
    page[NameObject("/Contents")] = contents
    row = total = 0

    def show(operator: bytes, operands: Any, *_: object) -> None:
        nonlocal row
        if operator in _SHOW:
            row += sum(map(_shown, operands))
            limit(row, MAXIMUM_LINE)

    def count(text: str, *_: object) -> None:
        nonlocal row, total
        row = 0
        total += len(text)
        limit(total, MAXIMUM_TEXT)

    return page.extract_text(visitor_operand_before=show, visitor_text=count)


def _shown(operand: Any) -> int:
    """Count the bytes of a string, or of all strings in a list."""
    if isinstance(operand, list):
        return sum(len(part) for part in operand if isinstance(part, (bytes, str)))
    return len(operand) if isinstance(operand, (bytes, str)) else 0


def limit(value: int, maximum: int) -> None:
    """Raise MemoryError above a maximum."""
    if value > maximum:
        raise MemoryError
