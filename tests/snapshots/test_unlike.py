"""Why a reading takes nothing up although the same documents were read before."""

from __future__ import annotations

from typing import Any

import pytest
from snapshot_helpers import keep, make_key, tokens_to

from keydiff_cli.snapshots import Store, what_changed


class Text:
    """Documents of so many tokens, which are their numbers."""

    def __init__(self, tokens: int) -> None:
        self._tokens = tokens_to(tokens)
        self.read = 0

    def read_to(self, count: int) -> int:
        self.read = max(self.read, min(count, len(self._tokens)))
        return self.read

    def slice(self, start: int, stop: int) -> Any:
        return self._tokens[start : min(stop, self.read)]


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"head": "i"}, ("system prompt",)),
        ({"policy": "window", "budget": 128}, ("policy", "budget")),
        ({"model": "b", "kv_type": "q8_0"}, ("model", "type of the cache")),
        ({}, ()),
    ],
)
def test_what_changed_since_the_same_was_read(
    store: Store, changes: dict[str, Any], names: tuple[str, ...]
) -> None:
    keep(store, make_key(), tokens_to(300))
    text: Any = Text(1000)
    assert what_changed(store, make_key(**changes), text) == names
    assert text.read <= 256, "no more is read than it takes to tell"


def test_of_other_documents_nothing_is_said(store: Store) -> None:
    text: Any = Text(1000)
    assert what_changed(store, make_key(head="i"), text) == ()
    keep(store, make_key(), tokens_to(300)[::-1].copy())
    assert what_changed(store, make_key(head="i"), text) == ()
