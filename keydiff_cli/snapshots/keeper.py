"""Writing what a reading has come to, at intervals and in the end."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack

from keydiff_cli.cache import KVCache
from keydiff_cli.llama import Tokens
from keydiff_cli.snapshots.contents import Label, describe
from keydiff_cli.snapshots.finding import Beginning
from keydiff_cli.snapshots.key import SnapshotKey
from keydiff_cli.snapshots.store import Store, short_digest, token_digest
from keydiff_cli.snapshots.writer import Writer
from keydiff_cli.system.sizes import format_size
from keydiff_cli.text.corpus import Corpus

SHARE = 0.02  # of the reading time that writing may take
SMALLEST = 256  # tokens below which nothing is kept: reading them again costs as little
_GUESS = 2e8  # bytes written in a second, until a first one has been measured
_BUSY = "another process is writing what it reads of the same"


class Keeper:
    """Keeps what one reading has come to.

    Parameters
    ----------
    store
        Where to; None to keep nothing.
    key
        All that the result depends on beside the documents.
    corpus
        The documents.
    label
        What is shown of a snapshot, when it is written.
    warn
        Told if snapshots cannot be written.
    beginning
        The snapshot that the reading goes on from; it is taken the place of if it was not complete.
    shareable
        Whether a snapshot that holds every token serves readings by other policies, too: it does
        not where this policy remembers more of the tokens than the cache shows.
    clock
        Seconds.

    Attributes
    ----------
    seconds : float
        Spent on writing so far.
    problem : str
        Why what was read cannot be kept; empty if it can.
    """

    def __init__(
        self,
        store: Store | None,
        key: SnapshotKey,
        corpus: Corpus,
        label: Callable[[], Label],
        warn: Callable[[str], None],
        *,
        beginning: Beginning | None = None,
        shareable: bool = True,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._store = store
        self._key = key
        self._corpus = corpus
        self._label = label
        self._warn = warn
        self._shareable = shareable
        self._clock = clock
        self._superseded = None
        if beginning is not None and not beginning.entry.description["complete"]:
            self._superseded = beginning.entry
        self._complete = beginning is not None and beginning.complete
        self._stack = ExitStack()
        self._claimed = False
        self._writer: Writer | None = None
        self._ended = clock()  # when the last snapshot was written, or reading began
        self._cost: float | None = None  # seconds that the last snapshot took
        self.seconds = 0.0
        self.problem = ""

    def after(self, tokens: int, cache: KVCache) -> None:
        """Write a snapshot if it is time for one: writing takes :data:`SHARE` of the time.

        ``tokens`` of the documents have been read into the cache.
        """
        cost = sum(cache.widths) * cache.used / _GUESS if self._cost is None else self._cost
        if self._clock() - self._ended >= cost / SHARE:
            self._write(tokens, cache, complete=False)

    def finish(self, tokens: int, cache: KVCache) -> None:
        """Write the snapshot of everything, if there is none yet; then others may write."""
        if not self._complete:
            self._claimed &= self.problem != _BUSY  # whoever wrote before may be done
            self._write(tokens, cache, complete=True)
        self.close()

    def close(self) -> None:
        """Write no more."""
        self._stack.close()
        self._writer = None

    def _write(self, count: int, cache: KVCache, *, complete: bool) -> None:
        if self._store is None or count < SMALLEST:
            return
        started = self._clock()
        try:
            tokens = self._corpus.slice(0, count)
            writer = self._claim(self._store, tokens)
            if writer is not None:
                self._save(self._store, writer, cache, tokens, complete)
                self._complete, self.problem = complete, ""
        except OSError as error:
            self.problem = str(error.strerror or error)
            self._warn(f"what is read cannot be kept: {self.problem}")
            self.close()
        self._ended = self._clock()
        self._cost = self._ended - started
        self.seconds += self._cost

    def _claim(self, store: Store, tokens: Tokens) -> Writer | None:
        """The writer, unless another process has it, which is not asked for again."""
        if not self._claimed:
            self._claimed = True
            reading = [self._key.as_json(), token_digest(tokens[:SMALLEST])]
            self._writer = self._stack.enter_context(store.claim(reading))
            if self._writer is None:
                self.problem = _BUSY
            elif self._superseded is not None:
                self._writer.supersede(self._superseded)
        return self._writer

    def _save(
        self, store: Store, writer: Writer, cache: KVCache, tokens: Tokens, complete: bool
    ) -> None:
        description, arrays = describe(
            self._key,
            self._label(),
            cache,
            tokens,
            complete=complete,
            shareable=self._shareable,
        )
        size = sum(array.nbytes for _, array in arrays)
        if size > store.limit:
            raise OSError(None, f"{format_size(size)} are more than cache_size allows")
        name = short_digest([self._key.as_json(), token_digest(tokens)])
        writer.write(name, description, arrays)
