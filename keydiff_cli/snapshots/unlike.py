"""Why a reading takes nothing up although the same documents were read before."""

from __future__ import annotations

from contextlib import suppress

import numpy as np

from keydiff_cli.snapshots.format import SnapshotFile
from keydiff_cli.snapshots.key import SnapshotKey
from keydiff_cli.snapshots.store import Store
from keydiff_cli.text.corpus import Corpus

_COMPARED = 256  # tokens from the beginning, where a document is introduced by its name
_LATEST = 20  # snapshots that are looked at
_CALLED = {
    "keydiff": "version of keydiff",
    "llama_cpp_python": "version of llama-cpp-python",
    "model": "model",
    "head": "system prompt",
    "gpu_layers": "number of layers on other devices",
    "policy": "policy",
    "budget": "budget",
    "memory": "memory cap",
    "block": "block",
    "kv_type": "type of the cache",
    "positions": "positions",
    "question": "question",
}


def what_changed(store: Store, key: SnapshotKey, corpus: Corpus) -> tuple[str, ...]:
    """What differs from the latest reading of what the documents begin with; nothing if none does.

    Parameters
    ----------
    key
        The key of a reading for which no snapshot will do.
    """
    for entry in store.entries()[:_LATEST]:
        made = entry.description["key"]
        names = [name for name in _CALLED if made.get(name) != getattr(key, name)]
        with suppress(OSError, ValueError, MemoryError), SnapshotFile(entry.path) as file:
            tokens = file.array("tokens")[:_COMPARED]
            count = min(corpus.read_to(len(tokens)), len(tokens))
            if count and names and np.array_equal(tokens, corpus.slice(0, count)):
                return tuple(_CALLED[name] for name in names)
    return ()
