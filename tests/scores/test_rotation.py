"""RoPE undone, by its definition."""

from __future__ import annotations

import numpy as np
import pytest

from keydiff_cli.scores import Rotation

FREQUENCIES = 10.0 ** -np.arange(4)
POSITIONS = np.array([0, 1, 7, 4095, 4096, 4097, 1_000_003], np.int32)


@pytest.mark.parametrize("adjacent", [True, False], ids=["adjacent", "halves"])
@pytest.mark.parametrize("width", [8, 11], ids=["all", "part"])
def test_keys_are_turned_back(adjacent: bool, width: int) -> None:
    random = np.random.default_rng(0)
    keys = random.normal(size=(len(POSITIONS), width))
    places = [(2 * i, 2 * i + 1) if adjacent else (i, 4 + i) for i in range(4)]
    turned = keys.copy()
    for row, position in enumerate(POSITIONS):
        for (x, y), frequency in zip(places, FREQUENCIES, strict=True):
            cos, sin = np.cos(position * frequency), np.sin(position * frequency)
            turned[row, x] = keys[row, x] * cos - keys[row, y] * sin
            turned[row, y] = keys[row, x] * sin + keys[row, y] * cos
    back = Rotation(FREQUENCIES, adjacent).undo(turned, POSITIONS)
    order = [i for pair in places for i in pair] + list(range(8, width))
    assert back.dtype == np.float64
    np.testing.assert_allclose(back, keys[:, order], atol=1e-9)


def test_what_is_mixed_is_unmixed_first() -> None:
    keys = np.random.default_rng(0).normal(size=(len(POSITIONS), 8)).astype(np.float32)
    mixer = np.array([[(-1.0) ** (i & j).bit_count() / 2 for i in range(4)] for j in range(4)])
    mixed = (keys.reshape(-1, 2, 4) @ mixer).reshape(-1, 8).astype(np.float32)
    plain = Rotation(FREQUENCIES).undo(keys, POSITIONS)
    np.testing.assert_allclose(
        Rotation(FREQUENCIES, mixed=4).undo(mixed, POSITIONS), plain, atol=1e-5
    )


def test_keys_without_positions_stay_as_they_are() -> None:
    keys = np.random.default_rng(0).normal(size=(len(POSITIONS), 8)).astype(np.float32)
    np.testing.assert_array_equal(Rotation(np.empty(0)).undo(keys, POSITIONS), keys)
