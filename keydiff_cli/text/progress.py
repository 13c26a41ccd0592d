"""How far reading has come, in the document's own unit."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from keydiff_cli.documents import Document


@dataclass(frozen=True)
class DocumentProgress:
    """How far reading has come: ``done`` of ``total`` (None if unknown) in its unit.

    It is estimated within a page or a piece, so ``done`` need not be whole.
    """

    name: str
    unit: str
    done: float
    total: int | None


class Trail:
    """How far each document was when so many tokens had been read; what was passed is forgotten."""

    def __init__(self) -> None:
        self._ahead: deque[tuple[int, DocumentProgress]] = deque()
        self._passed: tuple[int, DocumentProgress] | None = None

    def add(self, tokens: int, document: Document, done: float) -> None:
        """Note that after ``tokens`` in all, ``done`` of this document had been read."""
        progress = DocumentProgress(document.name, document.unit, done, document.total)
        self._ahead.append((tokens, progress))

    def at(self, tokens: int) -> DocumentProgress | None:
        """How far one is after so many tokens; calls must not go backwards."""
        while self._ahead and self._ahead[0][0] <= tokens:
            self._passed = self._ahead.popleft()
        if not self._ahead:
            return self._passed[1] if self._passed else None
        end, progress = self._ahead[0]
        start, before = self._passed or (0, progress)
        share = (tokens - start) / (end - start)
        done = before.done + share * (progress.done - before.done)
        return DocumentProgress(progress.name, progress.unit, done, progress.total)
