"""pypdf kept within bounds: what it may spend on a page, and its complaints."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from keydiff_cli.terminal import printable

# One page may take this much; pypdf's own limits let it take hundreds of megabytes.
MAXIMUM_BYTES = 16_000_000  # of one stream, decompressed
MAXIMUM_TOKENS = 500_000  # of the contents of one page; about 100 bytes of memory each

_HARMLESS = ("Ignoring wrong pointing object", "Overwriting cache", "Multiple definitions")
_LONGEST = 100


class Guard(logging.Handler):
    """Limits pypdf and collects its complaints.

    Attributes
    ----------
    complaints : int
        How many there were that may concern the text.
    first : str
        The first of them, in one short line.
    """

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.complaints = 0
        self.first = ""

    def emit(self, record: logging.LogRecord) -> None:
        """Note a complaint."""
        try:
            message = printable(record.getMessage())
        except Exception:
            message = "damaged object"
        if message.startswith(_HARMLESS):
            return
        self.complaints += 1
        if not self.first:
            self.first = message[:_LONGEST]

    @contextmanager
    def watch(self) -> Iterator[None]:
        """Limit pypdf and catch what it logs and warns about meanwhile."""
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
