"""How far many documents are, by their bytes."""

from __future__ import annotations

import os
from collections.abc import Sequence

from keydiff_cli.report import Events


class BatchEvents(Events):
    """What a front end may want to show beside a run; does nothing by itself."""

    def working(self, what: str, done: float, total: int) -> None:
        """So much of all documents is done, in bytes; ``what`` says it in words."""


class Progress:
    """Counts the documents that are over, and parts of those that are being read."""

    def __init__(self, paths: Sequence[str], events: BatchEvents) -> None:
        self._paths, self._events = paths, events
        self._sizes = list(map(_size, paths))
        self._total = sum(self._sizes)
        self._done = self._count = self._failed = 0
        self._shares: dict[int, float] = {}

    def far(self, number: int, share: float) -> None:
        """Of a document, so much was read."""
        self._shares[number] = share
        self._tell()

    def over(self, number: int, failed: int, *, asked: bool) -> None:
        """All of a document is done, of which something was asked or not; so many pairs failed."""
        self._shares.pop(number, None)
        self._done += self._sizes[number]
        self._count, self._failed = self._count + 1, failed
        self._tell()
        if asked:
            counted = f"{self._count} of {len(self._paths)}"
            self._events.note(f"document {counted}: {self._paths[number]}")

    def _tell(self) -> None:
        parts = sum(share * self._sizes[number] for number, share in self._shares.items())
        read = [
            f"{os.path.basename(self._paths[number])} {share:.0%}"
            for number, share in self._shares.items()
        ]
        failed = [f"{self._failed} failed"] if self._failed else []
        counted = f"{self._count} of {len(self._paths)}"
        self._events.working(", ".join([counted, *failed, *read]), self._done + parts, self._total)


def _size(path: str) -> int:
    """Bytes of a document, at least 1; of one that is not there, too."""
    try:
        return max(os.stat(path).st_size, 1)
    except (OSError, ValueError):
        return 1
