"""The key of a snapshot: what two readings have to agree in."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError, fields

import pytest
from snapshot_helpers import make_key

from keydiff_cli.errors import UsageError
from keydiff_cli.snapshots import SnapshotKey
from keydiff_cli.snapshots.key import FORMAT

NAMES = [field.name for field in fields(SnapshotKey)]
# What does not matter where nothing is evicted.
OF_EVICTION = {"budget", "memory", "policy", "policy_version", "positions", "question"}


def test_a_key_comes_back_from_plain_data() -> None:
    for key in (make_key(), make_key(question="q", memory=2 * 10**9, model=None, longest=4096)):
        plain = json.loads(json.dumps(key.as_json()))
        assert SnapshotKey.from_json(plain) == key
        assert SnapshotKey.from_json({**plain, "of a later version": 1}) == key
        assert plain["format"] == FORMAT
    for name in NAMES:
        with pytest.raises(KeyError, match=name):
            SnapshotKey.from_json({k: v for k, v in make_key().as_json().items() if k != name})


def test_a_key_does_not_change() -> None:
    key = make_key()
    with pytest.raises(FrozenInstanceError):
        key.budget = 5  # type: ignore[misc]
    other = key.with_budget(5)
    assert (key.budget, other.budget) == (64, 5)
    assert other == make_key(budget=5)


@pytest.mark.parametrize(
    ("budget", "tokens", "kept"),
    [(64, 63, 64), (64, 64, 64), (64, 65, 65), (64, 4000, 4000), (0, 4000, 0)],
)
def test_what_was_whole_keeps_as_many_tokens_as_it_has(budget: int, tokens: int, kept: int) -> None:
    """Unless more are kept of any documents; 0 is for any number."""
    assert make_key(budget=budget).for_all_of(tokens) == make_key(budget=kept)


@pytest.mark.parametrize("name", NAMES)
def test_everything_but_the_budget_has_to_agree(name: str) -> None:
    key = make_key()
    other = {**key.as_json(), name: 99}  # what none of them is
    assert key.fits(key.as_json(), evicting=True)
    assert key.fits(key.as_json(), evicting=False)
    assert key.fits(other, evicting=True) == (name == "budget")
    assert key.fits(other, evicting=False) == (name in OF_EVICTION)


@pytest.mark.parametrize("name", NAMES)
def test_a_key_of_another_format_never_fits(name: str) -> None:
    """Of one that lacks a field, or has another one, it is not known what it means."""
    key = make_key()
    less = {other: value for other, value in key.as_json().items() if other != name}
    assert key.fits(less, evicting=True) == (name == "budget")
    assert key.fits(less, evicting=False) == (name in OF_EVICTION)
    assert not key.fits({**key.as_json(), "more": 1}, evicting=False)
    assert not key.fits({**key.as_json(), "format": FORMAT - 1}, evicting=False)


@pytest.mark.parametrize(
    ("name", "called"),
    [
        ("format", "version of keydiff"),
        ("keydiff", "version of keydiff"),
        ("llama_cpp_python", "version of llama-cpp-python"),
        ("model", "model"),
        ("gpu_layers", "number of layers on other devices"),
        ("head", "system prompt"),
    ],
)
def test_a_file_of_something_else_is_told_of(name: str, called: str) -> None:
    key = make_key()
    with pytest.raises(UsageError, match=f"of another {called}; read the document again"):
        key.require_identity({**key.as_json(), name: "other"})
    with pytest.raises(KeyError, match=name):
        key.require_identity({k: v for k, v in key.as_json().items() if k != name})


def test_a_file_may_be_of_another_policy_budget_and_block() -> None:
    other = make_key(policy="window", budget=5, block=7, kv_type="q8_0", question="q", longest=9)
    make_key().require_identity(other.as_json())
