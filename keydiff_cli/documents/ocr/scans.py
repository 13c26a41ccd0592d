"""The pages of one PDF that are read as pictures."""

from __future__ import annotations

from collections.abc import Callable

from keydiff_cli.documents.ocr.kept import Found, Kept
from keydiff_cli.documents.ocr.ocr import Ocr
from keydiff_cli.documents.ocr.recogniser import Recogniser, RecogniserError
from keydiff_cli.documents.pdf_text import clean, is_unreadable

FEW = 100  # letters of a page below which it may be a scanned one that was numbered or stamped


class Scans:
    """Reads pages whose text is no good, each once.

    Parameters
    ----------
    descriptor
        The PDF, as a file that stays open.
    hashed
        Gives the SHA-256 of the file, which takes time.
    """

    def __init__(self, ocr: Ocr, descriptor: int, hashed: Callable[[], str]) -> None:
        self._ocr = ocr
        self._active = ocr.active
        self._hashed = hashed
        self._recogniser = Recogniser(descriptor, ocr.threads)
        self._kept_pages: Kept | None = None

    @property
    def _kept(self) -> Kept:
        if self._kept_pages is None:
            self._kept_pages = self._ocr.kept(self._hashed())
        return self._kept_pages

    @property
    def all_there(self) -> bool:
        """Whether all pages were read before that have to be."""
        return self._kept.all_there

    def end(self) -> None:
        """End the process that reads pages; keep that there are no more, unless it has failed."""
        if not self._kept.failed:
            self._kept.end()
        self.close()

    def wants(self, text: str) -> bool:
        """Tell whether a page that has such a text may be better read as a picture."""
        if not self._active:
            return False
        return self._ocr.mode == "all" or letters(readable(text)) < FEW

    def page(self, number: int, text: str) -> Found | None:
        """Read a page; None if what it has as its text is better.

        Raises
        ------
        RecogniserError
            If it cannot be read.
        MemoryCapError
            If there is not enough memory to read it.
        """
        text = readable(text)
        if reason := self._kept.failed.get(number):
            raise RecogniserError(reason)
        found = self._kept.page(number)
        if found is None:
            try:
                found = self._read(number, text)
            except RecogniserError as error:
                self._kept.failed[number] = str(error)
                raise
            self._kept.add(number, found)
        enough = 1 if self._ocr.mode == "all" else letters(text) + 1
        return found if letters(found.text) >= enough else None

    def _read(self, number: int, text: str) -> Found:
        """Read a page; of one with a few words of text only if it is a picture besides."""
        if text and self._ocr.mode == "auto" and not self._recogniser.is_picture(number):
            return Found()
        self._ocr.require_memory()
        return self._recogniser.page(number)

    def close(self) -> None:
        """End the process that reads pages."""
        self._recogniser.close()


def readable(text: str) -> str:
    """Return the text of a page as it is read; nothing if most of it cannot be decoded."""
    text = clean(text)
    return "" if is_unreadable(text) else text


def letters(text: str) -> int:
    """Count what is not white space."""
    return sum(not letter.isspace() for letter in text)
