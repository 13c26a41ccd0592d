"""Who is next: clients take turns, and of each what came first."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from itertools import zip_longest
from typing import Generic, TypeVar

Item = TypeVar("Item")


class FairQueue(Generic[Item]):
    """A queue in which each client has a turn before any has another one.

    Parameters
    ----------
    most
        Items that may wait.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._waiting: dict[Hashable, deque[Item]] = {}  # clients by whose turn it is

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    @property
    def full(self) -> bool:
        """Whether no more may wait."""
        return len(self) >= self.most

    def put(self, client: Hashable, item: Item) -> None:
        """Let an item of a client wait."""
        self._waiting.setdefault(client, deque()).append(item)

    def take(self) -> Item:
        """Take the next item.

        Raises
        ------
        IndexError
            If nothing waits.
        """
        for client, items in self._waiting.items():
            item = items.popleft()
            del self._waiting[client]
            if items:
                self._waiting[client] = items  # behind all others
            return item
        raise IndexError("nothing waits")

    def drop(self, item: Item) -> bool:
        """Let an item wait no more; whether it did."""
        for client, items in self._waiting.items():
            if item in items:
                items.remove(item)
                if not items:
                    del self._waiting[client]
                return True
        return False

    def order(self) -> list[Item]:
        """All items, in the order in which they are taken if no more come."""
        rounds = zip_longest(*self._waiting.values())
        return [item for each in rounds for item in each if item is not None]
