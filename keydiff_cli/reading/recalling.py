"""Rows that were evicted come back for a question, and go again after its answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from keydiff_cli.cache import KVCache, LostRowsError
from keydiff_cli.engine.recall import QueryHead, Recall, Recalled, lifts, put_back
from keydiff_cli.errors import ModelError
from keydiff_cli.llama import LlamaError, hold_interrupt
from keydiff_cli.reading.coverage import NO_TOKENS, Numbers
from keydiff_cli.reading.recorder import Recorder
from keydiff_cli.scores import Float32
from keydiff_cli.snapshots import Archive, DamagedError
from keydiff_cli.system.files import told_by
from keydiff_cli.text.prompts import Asked


def warn_of_archive(recorder: Recorder, error: Exception) -> None:
    """Warn of an error because of which nothing can be recalled any more."""
    why = told_by(error) or "out of memory"
    recorder.warn(f"nothing is recalled: {why}; answers rest on what is kept")


class Recaller:
    """Brings rows of documents back from their archive.

    Parameters
    ----------
    cache
        Holds what was kept of the documents, and nothing else yet.
    archive
        All of their rows; None to bring nothing back.
    head
        Tokens before the documents.

    Attributes
    ----------
    heads
        The query heads that find passages best, if that is known.
    archive : Archive or None
        As above; None, too, after it has proved to be of no use.
    """

    def __init__(
        self,
        cache: KVCache,
        archive: Archive | None,
        head: int,
        recorder: Recorder,
        heads: Sequence[QueryHead] = (),
    ) -> None:
        self._cache = cache
        self.archive = archive
        self._head = head
        self.heads = heads
        self._recorder = recorder
        self._kept = cache.used - head

    @contextmanager
    def recalled(
        self, question: Asked, tokens: int, scored: bool, in_use: Callable[[], KVCache | None]
    ) -> Iterator[Float32 | None]:
        """Let rows that bear on a question be in the cache.

        Yields how much it attends to each token of the documents by the heads that find passages,
        float32 ``[tokens]``; None where these are not known, or it cannot be told. The mean over
        all heads is good enough for the rows, but finds passages worse than words do.

        Parameters
        ----------
        tokens
            The rows of so many tokens come back at most.
        scored
            Whether the caller needs to know how much it attends to each token.
        in_use
            Gives the cache that is in use: if it is another one then, this one is freed already.

        Raises
        ------
        LostRowsError
            If the cache cannot be brought back to what was read.
        """
        self._recorder.evidence_sought(self._head + len(question.ids))
        started = time.perf_counter()
        recallable = tokens > 0 and self._archives_all
        wanted = recallable or (scored and len(self.heads) > 0)
        lifted = self._lifts(question) if wanted else None
        self._recorder.rows_recalled(NO_TOKENS, time.perf_counter() - started)
        back: Recalled | None = None
        try:
            if lifted is not None and recallable:
                chosen = Recall(tokens).choose(lifted, self._kept)
                with hold_interrupt(stopping=False):  # or rows would stay of which nobody knows
                    back = self._put_back(chosen)
            yield lifted if self.heads else None
        finally:
            if back is not None and in_use() is self._cache:
                with hold_interrupt(stopping=False):  # which must not hide that they are lost
                    back.undo(self._cache)

    def foresee(self, question: Asked, tokens: int) -> tuple[Float32 | None, Numbers]:
        """What :meth:`recalled` goes by, with nothing brought back.

        How much the question attends to each token of the documents, float32 ``[tokens]``, None if
        that cannot be told; and the tokens whose rows would come back, at most so many: int64.
        """
        lifted = self._lifts(question)
        if lifted is None or tokens <= 0 or not self._archives_all:
            return lifted, NO_TOKENS
        return lifted, Recall(tokens).choose(lifted, self._kept)

    @property
    def _archives_all(self) -> bool:
        """Whether there are rows of every token to put back."""
        return self.archive is not None and self.archive.whole

    def _lifts(self, question: Asked) -> Float32 | None:
        """How much a question attends to each archived token; None if that cannot be told."""
        if self.archive is None:
            return None
        with self._problems_told(DamagedError, ModelError, OSError):
            return lifts(self._cache, self.archive, question, self._head, self.heads)
        return None

    def _put_back(self, tokens: NDArray[np.int64]) -> Recalled | None:
        """Put the rows of tokens into the cache; None if there are none to put."""
        started = time.perf_counter()
        if self.archive is None or len(tokens) == 0:
            return None
        with self._problems_told(DamagedError, LlamaError, MemoryError, OSError):
            back = put_back(self._cache, self.archive, tokens, self._head)
            self._recorder.rows_recalled(tokens, time.perf_counter() - started)
            return back
        return None

    @contextmanager
    def _problems_told(self, *problems: type[Exception]) -> Iterator[None]:
        """Warn of errors because of which nothing can be recalled, and recall nothing any more."""
        try:
            yield
        except LostRowsError:
            raise
        except problems as error:
            self.give_up(error)

    def give_up(self, error: Exception) -> None:
        """Warn of an error because of which the archive is of no use any more."""
        warn_of_archive(self._recorder, error)
        if isinstance(error, DamagedError) and self.archive is not None:
            self.archive.set_aside()
        self.archive = None
