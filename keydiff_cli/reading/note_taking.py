"""Notes on the parts of what is held, and notes of these where they are many."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from keydiff_cli.reading.holding import Holding
from keydiff_cli.reading.recorder import Recorder
from keydiff_cli.settings.config import Settings
from keydiff_cli.snapshots import Store, open_store
from keydiff_cli.text.places import Note

if TYPE_CHECKING:
    from keydiff_cli.reading.condensing import Condensing
    from keydiff_cli.reading.noting import Noting


class NoteTaking(Holding):
    """Takes notes on what is held, one after another, during which nothing else can be asked."""

    def __init__(self, settings: Settings, recorder: Recorder) -> None:
        super().__init__(settings, recorder)
        self._noting: Noting | None = None  # which remembers the notes that it has made
        self._condenser: Condensing | None = None  # so does it

    def close(self) -> None:
        """Hold nothing any more."""
        super().close()
        self._noting = self._condenser = None

    def condensed(self, notes: Sequence[Note], words: int | None = None) -> Sequence[Note]:
        """Notes of which each can give a sentence to a summary, or which are few.

        Parameters
        ----------
        notes
            Those of all parts, in their order.
        words
            That the summary has of the parts; None for as many as it has if no question says.

        Raises
        ------
        NoViewError, LostRowsError
            As :meth:`Reader.notes`.
        """
        [few] = [step for step in self._condensing(notes, words) if step is not None]
        return few

    def _condensing(
        self, notes: Sequence[Note], words: int | None = None
    ) -> Generator[Sequence[Note] | None, None, None]:
        """The same in the end, after None for each token, to stop at."""
        from keydiff_cli.reading.condensing import Condensing, are_few  # these take time to load
        from keydiff_cli.text.wish import Wish

        if words is None:
            words = Wish.of("summarize", self.settings.length).parts
        held, said = self.held, [note for note in notes if note.text]
        if are_few(said, words):
            yield notes
            return
        if self._condenser is None or self._condenser.held is not held:
            self._condenser = Condensing(
                held, self.recorder, self._store(), lambda: self._held is held
            )
        with self._viewing_parts(), closing(self._condenser.steps(said)) as steps:
            for few in steps:
                yield few and [*few, *(note for note in notes if not note.text)]

    @contextmanager
    def _noting_now(self) -> Iterator[Noting]:
        """What makes notes on the parts of what was read; nothing else can be asked meanwhile."""
        from keydiff_cli.reading.noting import Noting  # what it checks with takes time to load

        held = self.held
        if self._noting is None or self._noting.held is not held:
            self._noting = Noting(held, self.recorder, self._store(), lambda: self._held is held)
        with self._viewing_parts():
            yield self._noting

    @contextmanager
    def _viewing_parts(self) -> Iterator[None]:
        """Let the cache hold parts one by one, during which nothing else can be asked."""
        self._viewing = True
        try:
            with self._closed_if_lost():
                yield
        finally:
            self._viewing = False

    def _store(self) -> Store | None:
        """The folder of the snapshots, which notes go to; None if nothing is kept."""
        return open_store(self.settings, self.recorder.warn) if self.settings.cache else None
