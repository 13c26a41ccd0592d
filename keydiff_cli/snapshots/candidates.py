"""Snapshots that may be of the same documents: those of the same reading."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from keydiff_cli.llama import Tokens
from keydiff_cli.snapshots.entry import Entry
from keydiff_cli.snapshots.format import SnapshotFile
from keydiff_cli.snapshots.key import SnapshotKey
from keydiff_cli.snapshots.store import Store


@dataclass(frozen=True)
class Candidate:
    """A snapshot that may be of the same documents, and can be gone on from.

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
    """Snapshots that a reading with a key can go on from, if they are of the same documents.

    Where something was evicted, or would have to be here, all of the key must agree but for the
    budget, which is from ``least`` to ``most``: the reading goes on with that budget. Where nothing
    was, and all can stay, it does not matter by which policy, nor for what budget: the reading goes
    on by its own key, with a larger budget if it takes that
    (:meth:`~keydiff_cli.snapshots.key.SnapshotKey.for_all_of`).

    Parameters
    ----------
    room
        So many tokens can stay here without evicting any.
    """
    fitting = []
    for entry in store.entries():
        made, tokens = entry.description["key"], entry.description["tokens"]
        evicting = not (entry.intact and tokens <= room)
        if not key.fits(made, evicting=evicting):
            continue
        if evicting and not least <= made["budget"] <= most:
            continue
        own = key.with_budget(made["budget"]) if evicting else key.for_all_of(tokens)
        with (
            suppress(OSError, ValueError, MemoryError),  # another process may have pruned it
            SnapshotFile(entry.path) as file,
        ):
            fitting.append(Candidate(entry, file.array("tokens"), own))
    return fitting
