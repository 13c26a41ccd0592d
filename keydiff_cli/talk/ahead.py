"""Notes that are made before they are asked for, while nothing else is to be done."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import suppress

from keydiff_cli.engine.views import NoViewError
from keydiff_cli.reading.reader import Reader
from keydiff_cli.text.places import Note


class NotesAhead:
    """Makes notes on what a reader holds, token by token; at any time it can be stopped.

    What the cache holds waits aside from the first step until notes are stopped, or all made:
    only then can anything be asked. A note is kept when it is whole.

    Parameters
    ----------
    reader
        What reads; as soon as it reads something else this is of no use any more.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._steps: Generator[Note | None, None, None] | None = None
        self._over = False

    @property
    def left(self) -> bool:
        """Whether there may be more to note."""
        return not self._over and self._reader.notes_wanted

    @property
    def begun(self) -> bool:
        """Whether what the cache holds waits aside."""
        return self._steps is not None

    def step(self) -> bool:
        """Go on by a token; False if there is nothing more to note.

        Raises
        ------
        KeydiffError
            Whatever stands in the way, but that nothing can be put aside: a question that needs
            notes will say so. After that nothing more is noted.
        """
        if not self.left:
            self.stop()
            return False
        if self._steps is None:
            self._steps = self._reader.notes_ahead()
        self._over = True  # unless there is a next step
        try:
            with suppress(StopIteration, NoViewError):
                next(self._steps)
                self._over = False
        finally:
            if self._over:
                self._steps = None
        return not self._over

    def stop(self) -> None:
        """Let the cache hold again what it did before; a later step goes on from the last note.

        Raises
        ------
        LostRowsError
            If it cannot be brought back; the reader holds nothing any more then.
        """
        steps, self._steps = self._steps, None
        if steps is not None:
            steps.close()
