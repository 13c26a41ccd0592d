"""What a snapshot holds: all of a cache, and back into a cache."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from snapshot_helpers import FakeCache, make_key

from keydiff_cli.cache import Pin, Shift
from keydiff_cli.errors import ModelError
from keydiff_cli.snapshots import (
    DamagedError,
    Label,
    SnapshotFile,
    describe,
    restore,
    write_snapshot,
)

TOKENS = np.arange(300, dtype=np.int32)
LABEL = Label("small", 59, "Where?", [{"name": "a.txt"}])


def described(**changes: Any) -> tuple[dict[str, Any], list[Any]]:
    cache = FakeCache()
    cache.intact = changes.pop("intact", False)
    options = {"complete": True, "shareable": True, **changes}
    return describe(make_key(), LABEL, cache, TOKENS, **options)  # type: ignore[arg-type]


def written(folder: Path, description: dict[str, Any], arrays: list[Any]) -> Path:
    path = folder / "kept.snapshot"
    write_snapshot(path, folder / ".part", description, arrays)
    return path


def test_a_description_says_what_it_is() -> None:
    description, arrays = described()
    assert description == {
        "key": make_key().as_json(), "tokens": 300, "complete": True, "intact": False,
        "appended": 70, "position": 72, "pinned": (Pin(0, 5, 5),), "shifts": (Shift(40, 8),),
        "model": "small", "kept": 59, "question": "Where?", "documents": [{"name": "a.txt"}],
    }  # fmt: skip
    assert [name for name, _ in arrays] == [
        "tokens", "positions", "origin", "rotary", "past", "windowed", "rows0", "rows1",
    ]  # fmt: skip
    assert described(complete=False)[0]["complete"] is False


@pytest.mark.parametrize("shareable", [False, True])
@pytest.mark.parametrize("intact", [False, True])
def test_only_what_has_every_token_and_no_more_memory_is_for_others(
    shareable: bool, intact: bool
) -> None:
    description, _ = described(shareable=shareable, intact=intact)
    assert description["intact"] is (shareable and intact)


def test_a_cache_comes_back_from_a_file(tmp_path: Path) -> None:
    path, cache = written(tmp_path, *described()), FakeCache()
    with SnapshotFile(path) as file:
        tokens = restore(cache, file)  # type: ignore[arg-type]
    np.testing.assert_array_equal(tokens, TOKENS)
    assert tokens.dtype == np.int32
    loaded, expected = cache.loaded, FakeCache().image()
    assert loaded is not None
    assert (loaded.tokens, loaded.position, loaded.pinned) == (70, 72, (Pin(0, 5, 5),))
    assert isinstance(loaded.pinned[0], Pin)
    assert loaded.widths == [100, 100]
    for name in ("positions", "origin", "rotary", "past", "windowed"):
        array, original = getattr(loaded, name), getattr(expected, name)
        assert array.dtype == original.dtype
        np.testing.assert_array_equal(array, original)
    for rows, original in zip(loaded.rows, expected.rows, strict=True):
        np.testing.assert_array_equal(rows, original)


@pytest.mark.parametrize("name", ["appended", "position", "pinned", "shifts"])
def test_a_description_that_lacks_something_is_told_of(tmp_path: Path, name: str) -> None:
    """As what an older version has written lacks it."""
    description, arrays = described()
    del description[name]
    check_damaged(tmp_path, description, arrays, f"^its description has no {name}$")


@pytest.mark.parametrize("name", ["tokens", "positions", "origin", "rotary", "past", "windowed"])
def test_an_array_that_is_missing_is_told_of(tmp_path: Path, name: str) -> None:
    description, arrays = described()
    arrays = [(other, array) for other, array in arrays if other != name]
    check_damaged(tmp_path, description, arrays, f"^it has no {name}$")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("appended", "many"), ("appended", None), ("appended", float("inf")), ("position", []),
        ("shifts", 3), ("shifts", [[1]]), ("pinned", 3),
        ("pinned", [[1, 2]]), ("pinned", [[1, 2, 3, 4]]), ("pinned", [["a", 1, 2]]),
    ],
)  # fmt: skip
def test_odd_values_are_damage(tmp_path: Path, name: str, value: object) -> None:
    description, arrays = described()
    check_damaged(tmp_path, {**description, name: value}, arrays, ".")


def test_rows_of_another_model_are_damage(tmp_path: Path) -> None:
    description, arrays = described()
    arrays[-1] = ("rows1", np.zeros((64, 99), np.uint8))
    check_damaged(tmp_path, description, arrays, "of another cache")


def test_what_llama_cpp_does_not_take_is_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise ModelError("llama.cpp does not take this state")

    monkeypatch.setattr(FakeCache, "load", refuse)
    check_damaged(tmp_path, *described(), "does not take this state")


def check_damaged(
    folder: Path, description: dict[str, Any], arrays: list[Any], problem: str
) -> None:
    """It is no use, and the cache is empty."""
    path, cache = written(folder, description, arrays), FakeCache()
    with SnapshotFile(path) as file:
        file.verify()
        with pytest.raises(DamagedError, match=problem):
            restore(cache, file)  # type: ignore[arg-type]
    assert (cache.cleared, cache.loaded) == (1, None)
