"""The right to write the snapshots of a reading, which one process has at a time."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from keydiff_cli.snapshots.store import Store
from keydiff_cli.snapshots.writer import Writer


class Claim:
    """A claim to a store, made once and held until it is closed.

    Parameters
    ----------
    store
        The folder of the snapshots.
    superseded
        A snapshot whose place the first one takes; None if there is none.

    Attributes
    ----------
    refused : bool
        Whether another process had the right when it was asked for.
    """

    def __init__(self, store: Store, superseded: Path | None) -> None:
        self._store = store
        self._superseded = superseded
        self._stack = ExitStack()
        self._writer: Writer | None = None
        self._asked = False
        self.refused = False

    def writer(self, reading: object) -> Writer | None:
        """What writes the snapshots of a reading, given as plain data; None without the right.

        Other calls than the first one ask no more.

        Raises
        ------
        OSError
            If the folder cannot be written to.
        """
        if not self._asked:
            self._asked = True
            self._writer = self._stack.enter_context(self._store.claim(reading))
            self.refused = self._writer is None
            if self._writer is not None and self._superseded is not None:
                self._writer.supersede(self._superseded)
        return self._writer

    def ask_again(self) -> None:
        """Let a right that was refused be asked for once more: whoever had it may be done."""
        self._asked &= not self.refused

    def close(self) -> None:
        """Leave the right to others."""
        self._stack.close()
        self._writer = None
