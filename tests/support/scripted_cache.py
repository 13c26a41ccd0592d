"""The context and the cache of a fake model: rows that are tokens, and the oldest ones go first."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from keydiff_cli.cache import EvictionTimes, Pin, Shift
from keydiff_cli.cache.image import Mark
from keydiff_cli.eviction import Policy
from keydiff_cli.llama import LlamaError, Tokens
from keydiff_cli.scores import Rows

if TYPE_CHECKING:
    from fake_model import FakeModel

GAP = 7  # between the number of a token and its position


class FakeContext:
    """Computes the next token of the answer that the model has to what a cache holds."""

    def __init__(self, cache: FakeCache, model: FakeModel, cells: int, batch: int) -> None:
        self._cache = cache
        self.model = model
        self.cells = cells
        self.batch = batch
        self.closed = False
        self.threads = 0  # as it was told last

    def use_threads(self, threads: int) -> None:
        self.threads = threads

    def close(self) -> None:
        self.closed = True

    def logits(self) -> NDArray[np.float32]:
        ids = [token for _, token in self._cache.kept]
        last = len(ids) - ids[::-1].index(self.model.assistant)
        reply = self.model.reply(self._cache.text(last))
        data = reply if isinstance(reply, bytes) else reply.encode()
        said = len(ids) - last
        logits = np.zeros(self.model.vocabulary_size, np.float32)
        logits[data[said] if said < len(data) else self.model.end] = 20
        return logits


class FakeRows:
    """The rows of a :class:`FakeCache`; see ``StoredRows``."""

    def __init__(self, cache: FakeCache) -> None:
        self._cache = cache

    def remove(self, start: int, stop: int) -> None:
        gone = range(start - GAP, stop - GAP)
        self._cache.kept = [row for row in self._cache.kept if row[0] not in gone]


class FakeCache:
    """A cache that evicts the oldest tokens that are not pinned; see ``KVCache``."""

    access = "direct"
    widths = (2, 2)

    def __init__(self, model: FakeModel, *, cells: int = 1024, batch: int = 64) -> None:
        self.context = FakeContext(self, model, cells, batch)
        self.kept: list[tuple[int, int]] = []  # the number and the id of each token
        self.rows = FakeRows(self)
        self.tokens = 0
        self.evicted = 0
        self.pinned: list[Pin] = []
        self.times = EvictionTimes()
        self.shifts: list[Shift] = []
        self.uncompacted = ""
        self.looks: list[tuple[list[int], int]] = []  # the tokens that were only looked at
        self.batches: list[int] = []  # how many tokens were run at a time
        self.queries_shown = self.rotations_shown = True
        self._mark: Mark | None = None

    def text(self, count: int | None = None) -> str:
        """The text of the first tokens that the cache holds, or of all."""
        model = self.context.model
        parts = (
            token.to_bytes(1) if token < 256 else model.token_text(token).encode()
            for _, token in self.kept[:count]
        )
        return b"".join(parts).decode("utf-8", "replace")

    @property
    def position(self) -> int:
        """Where the next token is; nobody may take it for the number of that token."""
        return self.tokens + GAP

    @property
    def used(self) -> int:
        return len(self.kept)

    @property
    def free(self) -> int:
        return self.context.cells - self.used

    @property
    def intact(self) -> bool:
        return self.used == self.tokens

    @property
    def pinned_rows(self) -> int:
        return sum(pin.rows for pin in self.pinned)

    def pin(self, start: int, stop: int) -> None:
        if stop > start:
            self.pinned.append(Pin(start, stop, stop - start))

    def unpin(self, start: int) -> None:
        self.pinned = [pin for pin in self.pinned if pin.start != start]

    def hold(self) -> None:
        self.pinned = [Pin(0, self.tokens, self.used)]

    def shows_queries(self) -> bool:
        return self.queries_shown

    def shows_rotations(self) -> bool:
        return self.rotations_shown

    def append(
        self, tokens: Tokens, *, logits: bool = False, watch: bool = False, lead: int = 0
    ) -> None:
        self._require_open()
        if len(tokens) > min(self.free, self.context.batch):
            raise LlamaError("no room")
        self.batches.append(len(tokens))
        self.kept += [(self.tokens + number, int(token)) for number, token in enumerate(tokens)]
        self.tokens += len(tokens)

    def look(self, tokens: Tokens, lead: int = 0) -> None:
        self.looks.append((list(map(int, tokens)), lead))

    def keeps(self, keep: int, policy: Policy) -> list[int]:
        return [keep]

    @property
    def origin(self) -> list[NDArray[np.int32]]:
        return [np.array([[number for number, _ in self.kept]], np.int32)]

    def evict(self, keep: int, policy: Policy) -> None:
        if keep <= self.pinned_rows:
            raise ValueError("more rows are protected than may be kept")
        surplus = self.used - keep
        if surplus <= 0 or policy.scorer is None:
            return
        free = [row for row in self.kept if not self._is_pinned(row[0])]
        if policy.name == "passages":
            origin = self.origin[0]
            unused = np.zeros((1, len(self.kept), 0), np.float32)
            scores = policy.scorer(Rows(unused, origin, origin))[0]
            ranks = {number: score for (number, _), score in zip(self.kept, scores, strict=True)}
            free.sort(key=lambda row: ranks[row[0]])
        gone = set(free[:surplus])
        self.kept = [row for row in self.kept if row not in gone]
        self.evicted += len(gone)
        self.times.score += 0.25
        self.times.move += 0.5

    def compact(self, room: int) -> None:
        """Positions count on."""

    def counting_on(self) -> AbstractContextManager[None]:
        return nullcontext()

    apart = counting_on

    def _require_open(self) -> None:
        if self.context.closed:
            raise LlamaError("the memory is freed")

    def _is_pinned(self, token: int) -> bool:
        return any(pin.start <= token < pin.stop for pin in self.pinned)

    def mark(self) -> Mark:
        self._mark = Mark(self.tokens, self.position, self.evicted)
        self._before = list(self.kept), list(self.pinned)
        return self._mark

    def rewind(self, mark: Mark) -> None:
        self._require_open()
        if mark is not self._mark:
            raise ValueError("only the latest mark can be gone back to")
        self.kept, self.pinned = map(list, self._before)
        self.tokens, self.evicted = mark.tokens, mark.evicted

    def unmark(self) -> None:
        self._mark = None

    def truncate(self, position: int) -> None:
        self._require_open()
        self.tokens = position - GAP
        self.kept = [row for row in self.kept if row[0] < self.tokens]
        self.pinned = [pin for pin in self.pinned if pin.stop <= self.tokens]
