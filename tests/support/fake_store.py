"""What earlier readings have left, made up: it stands for the store of snapshots."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from scripted_cache import FakeCache

from keydiff_cli.snapshots import SnapshotKey


@dataclass
class FakeBeginning:
    """What a reading has left: the first rows of a cache."""

    key: SnapshotKey
    tokens: int
    whole: bool
    rows: list[tuple[int, int]]
    head: int
    damaged: bool = False
    loaded: bool = False
    closed: int = 0

    def load(self, store: object, cache: FakeCache) -> bool:
        self.loaded = True
        if not self.damaged:
            cache.kept = self.rows[: self.head + self.tokens]
            cache.tokens = len(cache.kept)
            cache.pin(0, self.head)
        return not self.damaged

    def close(self) -> None:
        self.closed += 1


@dataclass
class Shelf:
    """Stands for the store: asked for beginnings, told what is kept.

    Attributes
    ----------
    left
        For each policy what a reading by it has left: tokens, and whether they are all.
    budget
        Of what was left; 0 for that of the reading that asks.
    asked
        The key and the budgets of each search.
    """

    rows: list[tuple[int, int]]
    head: int
    left: dict[str, tuple[int, bool]] = field(default_factory=dict)
    damaged: bool = False
    budget: int = 0
    asked: list[tuple[SnapshotKey, int, int, int]] = field(default_factory=list)
    given: list[FakeBeginning] = field(default_factory=list)
    keepers: list[Any] = field(default_factory=list)

    def find(
        self,
        store: object,
        key: SnapshotKey,
        corpus: object,
        *,
        room: int,
        least: int,
        most: int,
        archived: object,
    ) -> FakeBeginning | None:
        self.asked.append((key, room, least, most))
        if key.policy not in self.left:
            return None
        tokens, whole = self.left[key.policy]
        key = key.with_budget(self.budget or key.budget)
        self.given.append(
            FakeBeginning(key, tokens, whole, self.rows, self.head, damaged=self.damaged)
        )
        return self.given[-1]

    def keeper(self, store: object, key: SnapshotKey, *rest: object, **options: Any) -> Any:
        keeper = SimpleNamespace(
            key=key,
            finished=[],
            after=lambda tokens, cache: None,
            close=lambda: None,
            seconds=0.0,
            problem="",
            snapshot="",
            **options,
        )
        keeper.finish = lambda tokens, cache: keeper.finished.append(tokens)
        self.keepers.append(keeper)
        return keeper
