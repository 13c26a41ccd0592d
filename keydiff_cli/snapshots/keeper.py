"""The snapshots of one reading: taken up again where one fits, and written at intervals."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from keydiff_cli.cache import Image, KVCache, Pin
from keydiff_cli.errors import ModelError
from keydiff_cli.llama import Tokens
from keydiff_cli.snapshots.format import Array, DamagedError, SnapshotFile
from keydiff_cli.snapshots.store import (
    Entry,
    Store,
    Writer,
    short_digest,
    token_digest,
    write_snapshot,
)
from keydiff_cli.system.sizes import format_size
from keydiff_cli.text.blocks import Block, blocks

SHARE = 0.02  # of the reading time that writing may take
SMALLEST = 256  # tokens below which nothing is kept: reading them again costs as little
_GUESS = 2e8  # bytes written in a second, until a first one has been measured
_FORMAT = 1  # of what the arrays mean
_BUSY = "another process is writing what it reads of the same"
# What makes no difference as long as nothing is evicted.
_EVICTION = ("budget", "memory", "policy", "policy_version", "question")


@dataclass(frozen=True)
class Beginning:
    """A snapshot of the beginning of a document, or of all of it."""

    entry: Entry
    tokens: int
    whole: bool


def find_beginning(
    candidates: Sequence[tuple[Entry, Tokens]], source: Iterator[Block]
) -> tuple[Beginning | None, Iterator[Block]]:
    """The longest of some snapshots that the document begins with.

    Reads no more of the document than it takes to tell.

    Returns
    -------
    The snapshot, and the blocks of the whole document.
    """
    left = sorted(candidates, key=lambda one: (len(one[1]), one[0].description["key"]["budget"]))
    pulled: list[Block] = []
    read = 0
    while left and read < len(left[-1][1]):
        block = next(source, None)
        if block is None:
            break
        pulled.append(block)
        left = [one for one in left if _agree(one[1][read : read + len(block.ids)], block.ids)]
        read += len(block.ids)
    left = [one for one in left if len(one[1]) <= read]
    following = next(source, None)
    if following is not None:
        pulled.append(following)
    found = None
    if left:
        entry, tokens = left[-1]
        found = Beginning(entry, len(tokens), following is None and len(tokens) == read)
    return found, chain(pulled, source)


def _agree(known: Tokens, read: Tokens) -> bool:
    return bool(np.array_equal(known, read[: len(known)]))


def skip(source: Iterator[Block], tokens: int, size: int) -> Iterator[Block]:
    """What comes after the first ``tokens``, cut into blocks of ``size`` anew."""
    first = next(source, None)
    if first is None:
        return
    gone = first.start + tokens
    parts = (block.ids[max(gone - block.start, 0) :] for block in chain([first], source))
    yield from blocks(parts, size, gone)


class Keeper:
    """Keeps what one reading has come to.

    Parameters
    ----------
    store
        Where to; None to keep nothing but what :meth:`save` is told to.
    key
        All that the result depends on beside the documents, as plain data; ``budget`` is one.
    label
        What ``keydiff cache`` shows: plain data that may change while reading goes on.
    warn
        Told if snapshots cannot be written.
    room
        So many tokens are read without evicting any; 0 if the policy remembers more of them than
        the cache shows.
    clock
        Seconds.

    Attributes
    ----------
    key : dict
        As given.
    seconds : float
        Spent on writing so far.
    problem : str
        Why it cannot be kept.
    """

    def __init__(
        self,
        store: Store | None,
        key: dict[str, Any],
        label: Callable[[], dict[str, Any]],
        warn: Callable[[str], None],
        room: int = 0,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._store = store
        self.key = {"format": _FORMAT, **key}
        self._label = label
        self._warn = warn
        self._room = room
        self._clock = clock
        self._tokens: list[Tokens] = []
        self.seconds = 0.0
        self._complete = False
        self.problem = ""
        self._stack = ExitStack()
        self._file: SnapshotFile | None = None
        self._claimed = False
        self._writer: Writer | None = None
        self._outdated: Entry | None = None  # the snapshot that the next one takes the place of
        self._ended = clock()  # when the last snapshot was written, or reading began
        self._cost: float | None = None  # seconds that it took

    @property
    def budget(self) -> int:
        """Tokens that may stay: what the snapshot that was taken up had, if that matters."""
        return int(self.key["budget"])

    # Taking up --------------------------------------------------------------------------------

    def candidates(self, least: int, most: int) -> list[tuple[Entry, Tokens]]:
        """Snapshots made with these settings, and a budget from ``least`` to ``most``.

        Where nothing was evicted, and nothing would be here, it does not matter by which policy.

        Returns
        -------
        Each with the tokens of the documents it has read.
        """
        found = []
        for entry in self._store.entries() if self._store else ():
            theirs = entry.description["key"]
            free = _EVICTION if self._needs_none(entry) else ("budget",)
            if _without(theirs, free) != _without(self.key, free):
                continue
            if free is not _EVICTION and not least <= theirs["budget"] <= most:
                continue
            try:
                with SnapshotFile(entry.path) as file:
                    found.append((entry, file.array("tokens")))
            except (OSError, ValueError, MemoryError):
                continue  # another process may have pruned it
        return found

    def begin(
        self, source: Iterator[Block], least: int, most: int
    ) -> tuple[Beginning | None, Iterator[Block]]:
        """Find the longest snapshot that the documents begin with, and verify it.

        Returns
        -------
        The snapshot, for :meth:`load`, and the blocks of the documents.
        """
        candidates = self.candidates(least, most)
        while self._store is not None:
            beginning, source = find_beginning(candidates, source)
            if beginning is None:
                break
            self._file = self._store.open(beginning.entry)
            if self._file is not None:
                self._stack.enter_context(self._file)
                self._go_on(beginning, most)
                return beginning, source
            candidates = [one for one in candidates if one[0] is not beginning.entry]
        return None, source

    def load(self, cache: KVCache, beginning: Beginning) -> bool:
        """Fill a cache from what :meth:`begin` found; False, with it empty, if that is damaged."""
        assert self._store is not None
        assert self._file is not None
        try:
            self.restore(cache, self._file)
        except DamagedError as error:
            self._stack.close()  # an open file cannot be renamed everywhere
            self._store.set_aside(beginning.entry.path, error)
            self._complete = False
            return False
        self._stack.close()  # or deleted
        return True

    def _needs_none(self, entry: Entry) -> bool:
        """Whether a snapshot was made without evicting, and nothing of it would be evicted."""
        description = entry.description
        return description.get("intact") is True and description["tokens"] <= self._room

    def _go_on(self, beginning: Beginning, most: int) -> None:
        """Go on as the snapshot began."""
        description = beginning.entry.description
        if not self._needs_none(beginning.entry):
            self.key["budget"] = min(description["key"]["budget"], most)
        self._complete = beginning.whole and description["complete"]
        if not description["complete"]:
            self._outdated = beginning.entry

    def restore(self, cache: KVCache, file: SnapshotFile) -> None:
        """Fill a cache from a snapshot that has been verified.

        Raises
        ------
        DamagedError
            If it does not fit; the cache is empty then.
        """
        try:
            cache.load(_image(file))
            self._tokens = [file.array("tokens")]
        except (KeyError, ModelError, TypeError, ValueError) as error:
            cache.clear()
            raise DamagedError(str(error)) from error

    # Writing ----------------------------------------------------------------------------------

    def after(self, block: Block, cache: KVCache) -> None:
        """Write a snapshot if it is time for one: writing takes :data:`SHARE` of the time."""
        self._tokens.append(block.ids)
        cost = sum(cache.widths) * cache.used / _GUESS if self._cost is None else self._cost
        if self._clock() - self._ended >= cost / SHARE:
            self._write(cache, complete=False)

    def finish(self, cache: KVCache) -> None:
        """Write the snapshot of everything, if there is none yet; then others may write."""
        if not self._complete:
            self._claimed &= self.problem != _BUSY  # whoever wrote before may be done
            self._write(cache, complete=True)
        self.close()

    def close(self) -> None:
        """Write no more."""
        self._stack.close()
        self._writer = None

    def _write(self, cache: KVCache, *, complete: bool) -> None:
        if self._store is None or sum(map(len, self._tokens)) < SMALLEST:
            return
        started = self._clock()
        tokens = np.concatenate(self._tokens)
        self._tokens = [tokens]
        try:
            writer = self._claim(tokens)
            if writer is not None:
                self._save(writer, cache, tokens, complete)
                self._complete, self.problem = complete, ""
        except OSError as error:
            self.problem = str(error.strerror or error)
            self._warn(f"what is read cannot be kept: {self.problem}")
            self.close()
        self._ended = self._clock()
        self._cost = self._ended - started
        self.seconds += self._cost

    def _claim(self, tokens: Tokens) -> Writer | None:
        """The writer, unless another process has it, which is not asked for again."""
        if not self._claimed:
            self._claimed = True
            assert self._store is not None
            reading = [self.key, token_digest(tokens[:SMALLEST])]
            self._writer = self._stack.enter_context(self._store.claim(reading))
            if self._writer is None:
                self.problem = _BUSY
            elif self._outdated is not None:
                self._writer.supersede(self._outdated)
        return self._writer

    def _save(self, writer: Writer, cache: KVCache, tokens: Tokens, complete: bool) -> None:
        description, arrays = self._describe(cache, tokens, complete)
        size = sum(array.nbytes for _, array in arrays)
        if self._store is not None and size > self._store.limit:
            raise OSError(None, f"{format_size(size)} are more than cache_size allows")
        writer.write(short_digest([self.key, token_digest(tokens)]), description, arrays)

    def save(self, path: Path, cache: KVCache) -> None:
        """Write what was read to a file of its own.

        Raises
        ------
        OSError
            If it cannot be written; then no part of it is left.
        """
        tokens = np.concatenate([np.empty(0, np.int32), *self._tokens])
        part = path.with_name(f".{path.name}.part")
        write_snapshot(path, part, *self._describe(cache, tokens, complete=True))

    def _describe(
        self, cache: KVCache, tokens: Tokens, complete: bool
    ) -> tuple[dict[str, Any], list[tuple[str, Array]]]:
        """Description and arrays of a snapshot; the arrays are views of the cache."""
        image = cache.image()
        description = {
            "key": self.key,
            "tokens": len(tokens),
            "complete": complete,
            "intact": self._room > 0 and cache.intact,
            "position": image.position,
            "pinned": image.pinned,
            **self._label(),
        }
        return description, [
            ("tokens", tokens),
            ("positions", image.positions),
            ("origin", image.origin),
            ("past", image.past),
            ("windowed", image.windowed),
            *((f"rows{number}", rows) for number, rows in enumerate(image.rows)),
        ]


def _without(key: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: value for name, value in key.items() if name not in names}


def _image(file: SnapshotFile) -> Image:
    description = file.description
    return Image(
        int(description["position"]),
        tuple(Pin(*map(int, pin)) for pin in description["pinned"]),
        file.array("positions"),
        file.array("origin"),
        file.array("past"),
        file.widths("rows"),
        file.arrays("rows"),
        file.array("windowed"),
    )
