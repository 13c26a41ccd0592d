"""The folder of snapshots, without a model: damage, locks, pruning."""

from __future__ import annotations

import multiprocessing
import os
import stat
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from snapshot_helpers import DESCRIPTION, save, save_as

from keydiff_cli.errors import UsageError
from keydiff_cli.settings.config import Settings
from keydiff_cli.snapshots import Store, open_store, token_digest
from keydiff_cli.snapshots.store import short_digest


def test_nobody_else_can_read_it(store: Store) -> None:
    entry = save(store)
    assert stat.S_IMODE(entry.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(store.folder.stat().st_mode) == 0o700
    others = [path for path in store.folder.iterdir() if path != entry.path]
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in others)


def _hold(folder: Path, ready: Any, done: Any) -> None:
    with Store(folder, 10**6, print).claim("one") as writer:
        assert writer is not None
        ready.set()
        done.wait(60)


def test_of_two_processes_one_writes(store: Store) -> None:
    context = multiprocessing.get_context("spawn")
    ready, done = context.Event(), context.Event()
    other = context.Process(target=_hold, args=(store.folder, ready, done))
    other.start()
    assert ready.wait(60)
    with store.claim("one") as writer:
        assert writer is None
    with store.claim("another") as writer:
        assert writer is not None
    done.set()
    other.join(60)
    with store.claim("one") as writer:
        assert writer is not None


def test_a_lock_may_be_released_in_another_thread(store: Store) -> None:
    store.folder.mkdir(parents=True, exist_ok=True)
    lock = store.lock("one")
    lock.acquire(timeout=0)
    thread = threading.Thread(target=lock.release)
    thread.start()
    thread.join()
    assert not lock.is_locked
    with store.claim("one") as writer:
        assert writer is not None


def test_what_a_dead_process_left_is_swept_away(store: Store) -> None:
    save(store)
    (lock,) = store.folder.glob("*.lock")
    part = store.folder / f"{lock.stem:0<12}.part"
    part.write_bytes(b"half")
    store.prune()
    assert not part.exists()
    with store.claim("one"):
        part.write_bytes(b"half")
        store.prune()
        with store.claim("another"):
            pass
        assert part.exists()


def test_the_least_recently_used_go_first(store: Store) -> None:
    for age, name in enumerate("abcd"):
        entry = save(store, name, note=name)
        os.utime(entry.path, (0, time.time() - 1000 * (age + 1)))
    size = store.entries()[0].size
    oldest = store.entries()[-1]
    assert oldest.description["note"] == "d"
    file = store.open(oldest)  # using it makes it the most recent one
    assert file is not None
    file.close()
    assert [entry.description["note"] for entry in store.prune(size * 2)] == ["b", "c"]
    assert [entry.description["note"] for entry in store.entries()] == ["d", "a"]
    assert [e.description["note"] for e in store.prune(before=time.time() - 500)] == ["a"]
    assert store.prune(0) != []
    assert store.entries() == []


def test_the_folder_stays_under_its_limit(tmp_path: Path, warnings: list[str]) -> None:
    size = save(Store(tmp_path / "probe", 10**6, warnings.append)).size
    store = Store(tmp_path / "snapshots", 2 * size + size // 2, warnings.append)
    names = []
    for number in range(4):
        entry = save(store, f"reading {number}")
        os.utime(entry.path, (number, number))
        names.append(entry.id)
    assert [entry.id for entry in store.entries()] == [names[3], names[2]]
    assert warnings == []


def test_files_of_others_are_left_alone(store: Store, warnings: list[str]) -> None:
    save(store)
    others = [store.folder / name for name in ("win11.snapshot", "x.part", "y.damaged", "ab.lock")]
    for path in others:
        path.write_bytes(b"precious")
    assert len(store.entries()) == 1
    store.prune(0)
    assert all(path.read_bytes() == b"precious" for path in others)
    assert warnings == []


def test_a_file_that_cannot_be_read_now_is_not_given_up(
    store: Store, warnings: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = save(store)

    def fail(*_: Any) -> None:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(Path, "open", fail)
    assert store.entries() == []
    assert store.open(entry) is None
    monkeypatch.undo()
    assert warnings == [f"the snapshot {entry.path} cannot be read: Too many open files"] * 2
    assert store.entries() == [entry]


@pytest.mark.parametrize(
    ("name", "value"),
    [("key", []), ("tokens", "1"), ("documents", None), ("question", 3), ("complete", 1)],
)
def test_a_description_of_other_things_is_set_aside(
    store: Store, warnings: list[str], name: str, value: object
) -> None:
    save_as(store, {**DESCRIPTION, name: value})
    assert store.entries() == []
    assert f"its description has no {name}" in warnings[0]
    assert len(list(store.folder.glob("*.damaged"))) == 1


@pytest.mark.parametrize("name", ["key", "tokens", "kept", "documents", "question", "complete"])
def test_a_description_without_a_part_is_set_aside(
    store: Store, warnings: list[str], name: str
) -> None:
    save_as(store, {key: value for key, value in DESCRIPTION.items() if key != name})
    assert store.entries() == []
    assert "cannot be used" in warnings[0]


@pytest.mark.parametrize("budget", [None, "64", [64]])
def test_a_description_of_an_odd_budget_is_set_aside(
    store: Store, warnings: list[str], budget: object
) -> None:
    save_as(store, {**DESCRIPTION, "key": {**DESCRIPTION["key"], "budget": budget}})
    assert store.entries() == []
    assert "its description has no budget" in warnings[0]


def test_a_snapshot_is_named_by_the_beginning_of_its_id(store: Store) -> None:
    first, second = save(store, "first"), save(store, "second", tokens=31)
    assert store.get(first.id) == first
    assert store.get(second.id[:6]).id == second.id
    for name, message in (("zz", "no snapshot begins with 'zz'"), ("", "no snapshot begins")):
        with pytest.raises(UsageError, match=message):
            store.get(name)
    for number in range(20):  # more than there are hexadecimal digits
        save(store, str(number), tokens=number)
    common = next(
        d for d in "0123456789abcdef" if len(list(store.folder.glob(f"{d}*.snapshot"))) > 1
    )
    with pytest.raises(UsageError, match="several"):
        store.get(common)


def test_an_empty_or_missing_folder_holds_nothing(store: Store) -> None:
    assert store.entries() == []
    assert store.prune() == []


def test_the_store_of_the_user_is_in_the_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    store = open_store(Settings(cache_dir="~/kept", cache_size=123), print)
    assert (store.folder, store.limit) == (tmp_path / "kept", 123)
    monkeypatch.setattr("keydiff_cli.system.folders.user_cache_folder", lambda: tmp_path / "own")
    assert open_store(Settings(), print).folder == tmp_path / "own" / "snapshots"


def test_digests_tell_things_apart() -> None:
    tokens, longer = np.arange(4, dtype=np.int32), np.arange(5, dtype=np.int32)
    assert token_digest(tokens) == token_digest(tokens.copy()) != token_digest(longer)
    assert len(token_digest(tokens)) == 64
    assert short_digest({"a": 1, "b": 2}) == short_digest({"b": 2, "a": 1})
    assert short_digest({"a": 1}) != short_digest({"a": 2})
    assert len(short_digest([])) == 12


def test_a_snapshot_that_is_removed_is_gone(store: Store) -> None:
    removed, kept = save(store, "removed"), save(store, "kept")
    store.remove(removed)
    assert store.entries() == [kept]
    assert store.open(removed) is None
    store.remove(removed)  # as if another process had been faster
    assert store.entries() == [kept]
