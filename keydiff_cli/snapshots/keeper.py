"""Writing what a reading has come to, at intervals and in the end."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from keydiff_cli.cache import KVCache
from keydiff_cli.llama import Tokens
from keydiff_cli.snapshots.archivist import Archivist
from keydiff_cli.snapshots.claim import Claim
from keydiff_cli.snapshots.contents import Label, describe
from keydiff_cli.snapshots.finding import Beginning
from keydiff_cli.snapshots.key import SnapshotKey
from keydiff_cli.snapshots.pace import Pace
from keydiff_cli.snapshots.store import Store, short_digest, token_digest
from keydiff_cli.snapshots.writer import Writer
from keydiff_cli.system.files import told_by
from keydiff_cli.system.sizes import format_size
from keydiff_cli.text.corpus import Corpus

SMALLEST = 256  # tokens below which nothing is kept: reading them again costs as little
_BUSY = "another process is writing what it reads of the same"


class Keeper:
    """Keeps what one reading has come to.

    Parameters
    ----------
    store
        The folder of the snapshots; None to keep nothing.
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
    problem : str
        Why what was read cannot be kept; empty if it can.
    snapshot : str
        Id of the snapshot of everything; empty as long as there is none.
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
        self._pace = Pace(clock)
        self._complete = beginning is not None and beginning.complete
        self._superseded = None
        if beginning is not None and not beginning.entry.description["complete"]:
            self._superseded = beginning.entry.path
        self._claim: Claim | None = None
        self._archivist: Archivist | None = None
        self._kept = 0 if beginning is None else beginning.tokens  # in the last snapshot
        self.problem = ""
        self.snapshot = ""
        if beginning is not None and beginning.complete:
            self.snapshot = beginning.entry.id

    @property
    def seconds(self) -> float:
        """Seconds spent on writing so far."""
        return self._pace.seconds

    def archive_path(self) -> Path | None:
        """Where an archive of this reading can be written; None if it cannot be kept."""
        count = min(self._corpus.read_to(SMALLEST), SMALLEST)
        if self._store is None or count < SMALLEST:
            return None
        try:
            writer = self._claimed(self._store, count)
        except OSError:  # writing the first snapshot will say so
            return None
        return None if writer is None else writer.archive

    def archive(self, archivist: Archivist) -> None:
        """Say in snapshots from now on which archive belongs to them."""
        self._archivist = archivist

    def _claimed(self, store: Store, count: int) -> Writer | None:
        """What writes, once that is claimed; None if another process does."""
        if self._claim is None:
            first = self._corpus.slice(0, min(count, SMALLEST))
            reading = [self._key.as_json(), token_digest(first)]
            self._claim = Claim(store, reading, self._superseded)
        return self._claim.writer

    def after(self, tokens: int, cache: KVCache) -> None:
        """Write a snapshot if it is time for one; ``tokens`` of the documents are in the cache."""
        if self._pace.due(sum(cache.widths) * cache.used):
            self._write(tokens, cache, complete=False)

    def finish(self, tokens: int, cache: KVCache) -> None:
        """Write the snapshot of everything, if there is none yet; then others may write."""
        if not self._complete:
            if self._claim is not None and self._claim.writer is None:
                self._claim = None  # whoever wrote before may be done
            self._write(tokens, cache, complete=True)
        self.close()

    def stop(self, tokens: int, cache: KVCache) -> None:
        """Write a snapshot of what was read so far, if the last one has less; then others may."""
        if tokens > self._kept:
            self._write(tokens, cache, complete=False)
        self.close()

    def close(self) -> None:
        """Write no more."""
        if self._claim is not None:
            self._claim.close()
        self._store = None

    def _write(self, count: int, cache: KVCache, *, complete: bool) -> None:
        if self._store is None or count < SMALLEST:
            return
        with self._pace.writing():
            try:
                tokens = self._corpus.slice(0, count)
                writer = self._claimed(self._store, count)
                if writer is None:
                    self.problem = _BUSY
                    return
                self._save(self._store, writer, cache, tokens, complete)
                self._complete, self._kept, self.problem = complete, count, ""
            except OSError as error:
                self.problem = told_by(error)
                self._warn(f"what is read cannot be kept: {self.problem}")
                self.close()

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
        named: list[object] = [self._key.as_json(), token_digest(tokens)]
        if self._archivist is not None:
            form = self._archivist.form
            description["archive"] = self._archivist.description()
            description["archive_kind"], description["archive_type"] = form.kind, form.type
            named += form.names  # a snapshot with each is kept
        size = sum(array.nbytes for _, array in arrays)
        if size > store.limit:
            raise OSError(None, f"{format_size(size)} are more than cache_size allows")
        name = short_digest(named)
        lacking = self._archivist is not None and description["archive"] is None
        # Another process may have written the same, with its archive.
        if not lacking or not any(each.id == name and each.archived for each in store.entries()):
            writer.write(name, description, arrays)
        if complete:
            self.snapshot = name
