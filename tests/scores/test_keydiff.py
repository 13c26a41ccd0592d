"""KeyDiff: against its formula for any shape and number, and the symmetries it must have."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from score_helpers import HEADS, ROTATION, ROWS, make_rows, plain_rows

from keydiff_cli.errors import ModelError
from keydiff_cli.render.flags import as_flag
from keydiff_cli.scores import KeyDiff, Rows
from keydiff_cli.scores.focus import Focus

steady = settings(derandomize=True, deadline=None, max_examples=40)
shapes = st.tuples(st.integers(1, 60), st.integers(1, 4), st.sampled_from([2, 8, 64]))
seeds = st.integers(0, 2**16)


def random_keys(seed: int, shape: tuple[int, int, int], dtype: type = np.float32) -> NDArray:
    """Keys with a common direction, as real ones have: ``[rows, heads, head_dim]``."""
    keys = np.random.default_rng(seed).normal(size=shape)
    keys[..., 0] += 3
    return keys.astype(dtype)


def by_the_formula(keys: NDArray) -> NDArray[np.float64]:
    """``s_i = -cos(k_i, mean_j(k_j / |k_j|))``, one key after the other."""
    n, heads, dim = keys.shape
    scores = np.empty((heads, n))
    for h in range(heads):
        mean = np.zeros(dim)
        for i in range(n):
            key = keys[i, h].astype(np.float64)
            mean += key / np.sqrt(sum(key**2)) / n
        for i in range(n):
            key = keys[i, h].astype(np.float64)
            scores[h, i] = -sum(key * mean) / np.sqrt(sum(key**2)) / np.sqrt(sum(mean**2))
    return scores


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@pytest.mark.parametrize("rows", [1, 2, 300, 2125])
def test_keydiff_is_the_formula(rows: int, dtype: type) -> None:
    keys = random_keys(rows, (rows, 3, 16), dtype)
    scores = KeyDiff()(plain_rows(keys))
    assert scores.shape == (3, rows)
    assert scores.dtype == np.float32
    np.testing.assert_allclose(scores, by_the_formula(keys), atol=3e-6)


def slow_keydiff(rows: Rows, *, prerope: bool) -> NDArray[Any]:
    """Of the keys as they are, or turned back by the angles of their positions."""
    result = np.empty((HEADS, ROWS))
    for h in range(HEADS):
        keys = rows.keys[:, h].astype(np.float64)
        for i, key in enumerate(keys if prerope else ()):
            for pair, frequency in enumerate(ROTATION.frequencies):
                angle = rows.rotary[h, i] * frequency
                first, second = key[pair], key[pair + len(ROTATION.frequencies)]
                cos, sin = math.cos(angle), math.sin(angle)
                key[pair] = first * cos + second * sin
                key[pair + len(ROTATION.frequencies)] = second * cos - first * sin
        unit = keys / np.linalg.norm(keys, axis=1, keepdims=True)
        anchor = unit.mean(axis=0)
        result[h] = -(unit @ anchor) / np.linalg.norm(anchor)
    return result


@pytest.mark.parametrize("prerope", [False, True])
def test_keys_are_turned_back_only_if_that_is_wanted(prerope: bool, rows: Rows) -> None:
    scores = KeyDiff(prerope=prerope)(rows)
    expected = slow_keydiff(rows, prerope=prerope)
    np.testing.assert_allclose(scores, expected, rtol=2e-5, atol=1e-5)


@pytest.mark.parametrize("prerope", [False, True])
def test_keydiff_does_not_look_at_tokens(prerope: bool) -> None:
    rows = make_rows(3, block=True)
    others = replace(rows, origin=np.random.default_rng(1).permuted(rows.origin, axis=1))
    scorer = KeyDiff(prerope=prerope)
    np.testing.assert_array_equal(scorer(others), scorer(rows))


@given(shapes, seeds)
@steady
def test_keydiff_is_the_formula_for_any_shape(shape: tuple[int, int, int], seed: int) -> None:
    keys = random_keys(seed, shape)
    np.testing.assert_allclose(KeyDiff()(plain_rows(keys)), by_the_formula(keys), atol=1e-5)


def test_keydiff_keeps_the_odd_one_out() -> None:
    keys = np.tile(np.float32([3, 1, 0, 2]), (50, 1, 1))
    keys[17, 0] = [-1, 5, 2, 0]
    assert KeyDiff()(plain_rows(keys)).argmax() == 17


def test_heads_do_not_influence_each_other() -> None:
    keys = random_keys(5, (200, 3, 8), np.float16)
    together = KeyDiff()(plain_rows(keys))
    for h in range(3):
        alone = KeyDiff()(plain_rows(np.ascontiguousarray(keys[:, h : h + 1])))
        np.testing.assert_allclose(together[h], alone[0], atol=1e-6)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_zero_keys_have_finite_scores(dtype: type) -> None:
    assert np.array_equal(KeyDiff()(plain_rows(np.zeros((5, 2, 4), dtype))), np.zeros((2, 5)))
    keys = random_keys(1, (40, 2, 8), dtype)
    keys[7] = 0
    scores = KeyDiff()(plain_rows(keys))
    assert np.isfinite(scores).all()
    assert (scores[:, 7] == 0).all()


def test_keys_that_cancel_out_have_finite_scores() -> None:
    key = random_keys(2, (1, 1, 8))
    assert np.isfinite(KeyDiff()(plain_rows(np.concatenate((key, -key))))).all()


def test_the_largest_and_smallest_halves_have_finite_scores() -> None:
    limits = np.finfo(np.float16)
    extremes = [limits.max, limits.min, limits.smallest_subnormal, limits.smallest_normal]
    keys = np.array(extremes, np.float16)[:, None, None] * np.ones((1, 2, 128), np.float16)
    scores = KeyDiff()(plain_rows(keys))
    np.testing.assert_allclose(scores, by_the_formula(keys), atol=3e-6)


@given(shapes, seeds)
@steady
def test_order_of_rows_does_not_matter(shape: tuple[int, int, int], seed: int) -> None:
    keys = random_keys(seed, shape)
    order = np.random.default_rng(seed).permutation(shape[0])
    scores = KeyDiff()(plain_rows(keys))
    np.testing.assert_allclose(KeyDiff()(plain_rows(keys[order])), scores[:, order], atol=1e-5)


@given(shapes, seeds)
@steady
def test_length_of_single_keys_does_not_matter(shape: tuple[int, int, int], seed: int) -> None:
    keys = random_keys(seed, shape)
    powers = np.random.default_rng(seed).integers(-20, 21, size=(*shape[:2], 1))
    scaled = keys * np.float32(2.0) ** powers.astype(np.float32)
    np.testing.assert_allclose(
        KeyDiff()(plain_rows(scaled)), KeyDiff()(plain_rows(keys)), atol=1e-6
    )


@given(shapes, seeds)
@steady
def test_rotation_does_not_matter(shape: tuple[int, int, int], seed: int) -> None:
    keys = random_keys(seed, shape)
    dim = shape[2]
    rotation, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(dim, dim)))
    rotated = (keys @ rotation).astype(np.float32)
    np.testing.assert_allclose(
        KeyDiff()(plain_rows(rotated)), KeyDiff()(plain_rows(keys)), atol=2e-5
    )


def test_scores_are_not_overwritten_by_the_next_call() -> None:
    first = KeyDiff()(plain_rows(random_keys(1, (64, 2, 16), np.float16)))
    copy = first.copy()
    KeyDiff()(plain_rows(random_keys(2, (64, 2, 16), np.float16)))
    assert np.array_equal(first, copy)


def test_keys_before_rope_need_the_rotation() -> None:
    rows = replace(make_rows(1, block=True), rotation=None)
    for scorer in (KeyDiff(prerope=True), Focus().rest):
        with pytest.raises(ModelError, match="out of reach; use policy=keydiff or focus:prer") as e:
            scorer(rows)
        assert "; use --policy keydiff or focus:prerope=0" in e.value.told(as_flag)
