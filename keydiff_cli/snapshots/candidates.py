"""Snapshots that may be of the same documents: those of the same reading."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from keydiff_cli.llama import Tokens
from keydiff_cli.snapshots.format import SnapshotFile
from keydiff_cli.snapshots.key import SnapshotKey
from keydiff_cli.snapshots.store import Entry, Store


@dataclass(frozen=True)
class Candidate:
    """A snapshot that may be of the same documents.

    Attributes
    ----------
    tokens
        Tokens of the documents that it has read: int32 ``[tokens]``.
    key
        The key that a reading goes on from it by.
    """

    entry: Entry
    tokens: Tokens
    key: SnapshotKey


def candidates(
    store: Store, key: SnapshotKey, *, room: int, least: int, most: int
) -> list[Candidate]:
    """Snapshots made with the same key, and a budget from ``least`` to ``most``.

    Where nothing was evicted, and nothing has to be here, it does not matter by which policy, nor
    for what budget.

    Parameters
    ----------
    room
        So many tokens can stay here without evicting any.
    """
    fitting = []
    for entry in store.entries():
        description, budget = entry.description, entry.description["key"]["budget"]
        tokens = description["tokens"]
        evicting = not (description.get("intact") is True and tokens <= room)
        if not key.fits(description["key"], evicting=evicting):
            continue
        if evicting and not least <= budget <= most:
            continue
        if not evicting:  # with more than is kept of other documents, if that is what it takes
            budget = min(budget or tokens, most) if 0 < key.budget < tokens else key.budget
        with (
            suppress(OSError, ValueError, MemoryError),  # another process may have pruned it
            SnapshotFile(entry.path) as file,
        ):
            fitting.append(Candidate(entry, file.array("tokens"), key.with_budget(budget)))
    return fitting
