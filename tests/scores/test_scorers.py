"""What holds for every scorer: it is its formula, and its scores are of rows and not of places."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from score_helpers import HEADS, ROTATION, ROWS, make_rows, slow_attention

from keydiff_cli.policies import POLICIES
from keydiff_cli.scores import KeyDiff, Rows, Scorer
from keydiff_cli.scores.distance import Distance
from keydiff_cli.scores.h2o import HeavyHitters
from keydiff_cli.scores.knorm import KeyNorm
from keydiff_cli.scores.nested import Nested
from keydiff_cli.scores.snapkv import SnapKV
from keydiff_cli.scores.tova import Tova

ALL: list[Scorer] = list(
    dict.fromkeys(policy.scorer for policy in POLICIES.values() if policy.scorer is not None)
)


def slow_smooth(values: NDArray[Any], origin: NDArray[np.int32], width: int) -> NDArray[Any]:
    return np.array(
        [
            [max(v[abs(o - own) <= width // 2]) for own in o]
            for v, o in zip(values, origin, strict=True)
        ]
    )


def z(values: NDArray[Any]) -> NDArray[Any]:
    return (values - values.mean(axis=1, keepdims=True)) / values.std(axis=1, keepdims=True)


def slow_nested(rows: Rows, window: int) -> NDArray[Any]:
    unit = rows.keys.astype(float)
    unit /= np.linalg.norm(unit, axis=2, keepdims=True)
    whole, local = np.empty((2, HEADS, ROWS))
    for h in range(HEADS):
        anchor = unit[:, h].mean(axis=0)
        for i in range(ROWS):
            near = rows.origin[h] // window == rows.origin[h, i] // window
            own = unit[near, h].mean(axis=0)
            whole[h, i] = -(unit[i, h] @ anchor) / np.linalg.norm(anchor)
            local[h, i] = -(unit[i, h] @ own) / np.linalg.norm(own)
    return z(whole) + z(local)


def slow_keydiff(rows: Rows, *, prerope: bool) -> NDArray[Any]:
    """Of the keys as they are, or turned back by the angles of their positions."""
    result = np.empty((HEADS, ROWS))
    for h in range(HEADS):
        keys = rows.keys[:, h].astype(np.float64)
        for i, key in enumerate(keys if prerope else ()):
            for pair, frequency in enumerate(ROTATION.frequencies):
                angle = rows.positions[h, i] * frequency
                first, second = key[pair], key[pair + len(ROTATION.frequencies)]
                cos, sin = math.cos(angle), math.sin(angle)
                key[pair] = first * cos + second * sin
                key[pair + len(ROTATION.frequencies)] = second * cos - first * sin
        unit = keys / np.linalg.norm(keys, axis=1, keepdims=True)
        anchor = unit.mean(axis=0)
        result[h] = -(unit @ anchor) / np.linalg.norm(anchor)
    return result


def slow_tova(rows: Rows) -> NDArray[Any]:
    paid = slow_attention(rows)[:, -1].mean(axis=1)
    result = np.empty((HEADS, ROWS))
    for h in range(HEADS):
        for i in range(ROWS):
            same = rows.origin == rows.origin[h, i]
            result[h, i] = paid[same].mean()
    return result


REFERENCES = {
    "keydiff": (KeyDiff(), lambda rows: slow_keydiff(rows, prerope=False)),
    "keydiff-prerope": (KeyDiff(prerope=True), lambda rows: slow_keydiff(rows, prerope=True)),
    "knorm": (KeyNorm(), lambda rows: -np.linalg.norm(rows.keys, axis=2).T),
    "l2": (Distance(), lambda rows: np.linalg.norm(rows.keys - rows.keys.mean(axis=0), axis=2).T),
    "nested": (Nested(window=32), lambda rows: slow_nested(rows, 32)),
    "tova": (Tova(), slow_tova),
    "snapkv": (
        SnapKV(last=4, width=5),
        lambda rows: slow_smooth(
            slow_attention(rows)[:, -4:].mean(axis=2).sum(axis=1), rows.origin, 5
        ),
    ),
    "h2o": (
        HeavyHitters(),
        lambda rows: rows.past + slow_attention(rows).mean(axis=2).sum(axis=1),
    ),
}


@pytest.mark.parametrize("block", [True, False], ids=["block", "question"])
@pytest.mark.parametrize("name", REFERENCES)
def test_a_scorer_is_its_formula(name: str, block: bool) -> None:
    scorer, reference = REFERENCES[name]
    rows = make_rows(7, block=block)
    np.testing.assert_allclose(scorer(rows), reference(rows), rtol=2e-5, atol=1e-5)


@pytest.mark.parametrize("scorer", ALL, ids=lambda scorer: type(scorer).__name__)
def test_scores_go_with_the_rows_wherever_they_are(scorer: Scorer) -> None:
    """A score is of a token, not of the place of its row, and is finite."""
    rows = make_rows(3, block=True)
    order = np.random.default_rng(0).permutation(ROWS)
    assert rows.past is not None
    moved = replace(
        rows,
        keys=rows.keys[order],
        origin=rows.origin[:, order],
        positions=rows.positions[:, order],
        past=rows.past[:, order],
    )
    scores = scorer(rows)
    assert scores.shape == (HEADS, ROWS)
    assert scores.dtype == np.float32
    assert np.isfinite(scores).all()
    np.testing.assert_allclose(scorer(moved), scores[:, order], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("scorer", ALL, ids=repr)
def test_positions_are_for_undoing_rotations_alone(scorer: Scorer) -> None:
    """Neighbours, windows, age, chance and what a query sees go by token."""
    rows = make_rows(3, block=True)
    positions = np.random.default_rng(1).permuted(rows.positions, axis=1)
    same = np.array_equal(scorer(replace(rows, positions=positions)), scorer(rows))
    assert same != (scorer == KeyDiff(prerope=True))


@pytest.mark.parametrize("prerope", [False, True])
def test_keydiff_does_not_look_at_tokens(prerope: bool) -> None:
    rows = make_rows(3, block=True)
    others = replace(rows, origin=np.random.default_rng(1).permuted(rows.origin, axis=1))
    scorer = KeyDiff(prerope=prerope)
    np.testing.assert_array_equal(scorer(others), scorer(rows))


def test_a_scorer_that_watches_needs_queries() -> None:
    rows = make_rows(1, block=True)
    for scorer in ALL:
        if scorer.watch != "nothing":
            with pytest.raises(ValueError, match="needs queries"):
                scorer(replace(rows, queries=None))
