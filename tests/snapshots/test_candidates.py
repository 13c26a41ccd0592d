"""Which snapshots may be of the same documents, without a model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from snapshot_helpers import keep, make_key, tokens_to

from keydiff_cli.snapshots import Store
from keydiff_cli.snapshots.candidates import Candidate, candidates


def that_fit(store: Store, key: Any = None, **limits: Any) -> list[Candidate]:
    return candidates(store, key or make_key(), **{"room": 0, "least": 64, "most": 64, **limits})


def test_a_budget_within_limits_will_do(store: Store) -> None:
    for budget in (32, 64, 128):
        keep(store, make_key(budget=budget), tokens_to(300))
    budgets = [sorted(choice.key.budget for choice in that_fit(store, least=least, most=most))
               for least, most in ((64, 64), (0, 64), (0, 200), (65, 127))]  # fmt: skip
    assert budgets == [[64], [32, 64], [32, 64, 128], []]


def test_other_settings_are_another_reading(store: Store) -> None:
    keep(store, make_key(), tokens_to(300))
    assert len(that_fit(store)) == 1
    for name, value in (
        ("format", 1), ("keydiff", "0"), ("model", "b"), ("policy", "window"), ("longest", 4096),
        ("block", 256), ("kv_type", "q8_0"), ("question", "q"), ("memory", 10**9), ("head", "i"),
    ):  # fmt: skip
        assert that_fit(store, make_key(**{name: value})) == [], name


def test_what_nothing_was_evicted_of_is_for_all_that_would_not_evict(store: Store) -> None:
    entry = keep(store, make_key(), tokens_to(300), intact=True)
    for policy, room, count in (
        ("window", 300, 1), ("window", 299, 0), ("keydiff", 299, 1), ("h2o", 0, 0),
    ):  # fmt: skip
        assert len(that_fit(store, make_key(policy=policy), room=room)) == count, (policy, room)
    # Then the reading goes on by its own key; its budget need not be within limits.
    own = make_key(policy="window", budget=1000, question="q")
    [choice] = that_fit(store, own, room=300, least=1000, most=1000)
    assert (choice.entry, choice.key) == (entry, own)
    assert that_fit(store, make_key(longest=4096), room=300) == []  # LongRoPE rotates otherwise
    keep(store, make_key(policy="pyramid"), tokens_to(400))
    assert len(store.entries()) == 2
    assert len(that_fit(store, make_key(policy="window"), room=400)) == 1


def test_as_much_is_kept_of_what_was_whole_as_there_is(store: Store) -> None:
    """Of one that has grown meanwhile, or one for which there was a little more memory."""
    keep(store, make_key(budget=400), tokens_to(300), intact=True)
    limits = {"least": 200, "most": 400}
    [choice] = that_fit(store, make_key(budget=200), room=300, **limits)
    assert choice.key == make_key(budget=300)
    assert that_fit(store, make_key(budget=200), room=299, **limits | {"most": 299}) == []


def test_what_was_evicted_is_not_for_documents_that_stay_whole(store: Store) -> None:
    keep(store, make_key(budget=200), tokens_to(300))
    keep(store, make_key(budget=300), tokens_to(301))  # by a policy that remembers more
    budgets = [choice.key.budget for choice in that_fit(store, room=400, least=301, most=400)]
    assert budgets == []
    [choice] = that_fit(store, room=400, least=300, most=400)
    assert choice.key.budget == 300


def test_a_reading_goes_on_with_the_budget_of_the_snapshot(store: Store) -> None:
    keep(store, make_key(budget=32), tokens_to(300))
    [choice] = that_fit(store, make_key(budget=64), least=0, most=64)
    assert choice.key == make_key(budget=32)
    np.testing.assert_array_equal(choice.tokens, tokens_to(300))


def test_what_another_process_removes_is_left_out(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    removed, kept = (keep(store, make_key(), tokens_to(n)) for n in (300, 301))
    entries = store.entries()
    monkeypatch.setattr(store, "entries", lambda: entries)
    removed.path.unlink()
    assert [choice.entry for choice in that_fit(store)] == [kept]
