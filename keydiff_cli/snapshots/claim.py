"""The right to write the snapshots of a reading, which one process has at a time."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from keydiff_cli.snapshots.store import Store


class Claim:
    """A claim to write the snapshots of one reading, held until it is closed.

    Parameters
    ----------
    store
        The folder of the snapshots.
    reading
        Plain data that says which reading it is.
    superseded
        A snapshot whose place the first one takes; None if there is none.

    Attributes
    ----------
    writer : Writer or None
        Writes the snapshots; None if another process has the right.

    Raises
    ------
    OSError
        If the folder cannot be written to.
    """

    def __init__(self, store: Store, reading: object, superseded: Path | None) -> None:
        self._stack = ExitStack()
        self.writer = self._stack.enter_context(store.claim(reading, superseded))

    def close(self) -> None:
        """Leave the right to others, and write no more."""
        self._stack.close()
        self.writer = None
