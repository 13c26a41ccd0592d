"""Every scorer against its formula written out slowly, one head and one row after the other."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from keydiff_cli.errors import ModelError
from keydiff_cli.policies import POLICIES
from keydiff_cli.scores import (
    Distance,
    Focus,
    HeavyHitters,
    KeyDiff,
    KeyNorm,
    Nested,
    Queries,
    Random,
    Rotation,
    Rows,
    Scorer,
    SnapKV,
    Tova,
)

HEADS, GROUP, WIDTH, ROWS, ASKED, LEAD = 3, 2, 8, 90, 9, 2
ROTATION = Rotation(np.array([1.0, 0.1, 0.003]))  # of six of the eight numbers of a key
ALL: list[Scorer] = list(
    dict.fromkeys(policy.scorer for policy in POLICIES.values() if policy.scorer is not None)
)


def make_rows(seed: int, *, block: bool) -> Rows:
    """Rows as after some evictions: every head holds other tokens, in an order of its own.

    With ``block`` the queries are of the tokens that came last, else of a question behind them.
    """
    random = np.random.default_rng(seed)
    keys = random.normal(size=(ROWS, HEADS, WIDTH)).astype(np.float32)
    keys[..., 0] += 2
    recent = np.arange(200, 200 + ASKED)
    origin = np.stack(
        [
            random.permutation(
                np.concatenate((random.choice(200, ROWS - ASKED, replace=False), recent))
            )
            for _ in range(HEADS)
        ]
    ).astype(np.int32)
    vectors = random.normal(size=(ASKED, HEADS * GROUP, WIDTH)).astype(np.float32)
    asked = (recent if block else recent + ASKED).astype(np.int32)
    past = random.uniform(size=(HEADS, ROWS)).astype(np.float32)
    lead = 0 if block else LEAD
    return Rows(keys, origin, Queries(vectors, asked, lead), 1, past, ROTATION)


def slow_attention(rows: Rows) -> NDArray[np.float64]:
    """``[heads, tokens, group, rows]``, in float64, straight from the definition."""
    assert rows.queries is not None
    paid = np.zeros((HEADS, ASKED, GROUP, ROWS))
    for h in range(HEADS):
        for t in range(ASKED):
            for g in range(GROUP):
                query = rows.queries.vectors[t, h * GROUP + g].astype(float)
                seen = rows.origin[h] <= rows.queries.origin[t]
                weights = np.array(
                    [
                        math.exp(query @ key.astype(float)) if sees else 0.0
                        for key, sees in zip(rows.keys[:, h], seen, strict=True)
                    ]
                )
                paid[h, t, g] = weights / weights.sum()
    return paid


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
    """Of the keys as they are, or turned back by their tokens' angles."""
    result = np.empty((HEADS, ROWS))
    for h in range(HEADS):
        keys = rows.keys[:, h].astype(np.float64)
        for i, key in enumerate(keys if prerope else ()):
            for pair, frequency in enumerate(ROTATION.frequencies):
                angle = rows.origin[h, i] * frequency
                one, other = key[pair], key[pair + len(ROTATION.frequencies)]
                key[pair] = one * math.cos(angle) + other * math.sin(angle)
                key[pair + len(ROTATION.frequencies)] = other * math.cos(angle) - one * math.sin(
                    angle
                )
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
    moved = Rows(
        rows.keys[order], rows.origin[:, order], rows.queries, 1, rows.past[:, order], ROTATION
    )
    scores = scorer(rows)
    assert scores.shape == (HEADS, ROWS)
    assert scores.dtype == np.float32
    assert np.isfinite(scores).all()
    np.testing.assert_allclose(scorer(moved), scores[:, order], rtol=1e-4, atol=1e-5)


def slow_lift(rows: Rows) -> NDArray[Any]:
    """Attention of the words over that of what comes before them, both with the mean added."""
    assert rows.queries is not None
    paid = slow_attention(rows).mean(axis=2)
    lead = rows.queries.lead
    words = paid[:, lead:].mean(axis=1)
    usual = paid[:, :lead].mean(axis=1) if lead else 0
    return (words + 1 / 4096) / (usual + 1 / 4096)


def slow_focus(rows: Rows, width: int) -> NDArray[Any]:
    """The lift by which focus ranks the rows of each head."""
    lifted = slow_lift(rows)
    mean = {t: lifted[rows.origin == t].sum() / HEADS for t in np.unique(rows.origin)}
    return np.array(
        [
            [max(mean[t] for t in mean if abs(t - own) <= width // 2) for own in o]
            for o in rows.origin
        ]
    )


def settled(scorer: Focus, rows: Rows, stays: range = range(0)) -> NDArray[np.float32]:
    protected = np.isin(rows.origin, stays)
    return scorer.settle(scorer(rows), scorer.rest(rows), rows.origin, protected)


@pytest.mark.parametrize("block", [True, False], ids=["no lead", "lead"])
@pytest.mark.parametrize("share", [0.0, 0.25, 0.7, 1.0])
@pytest.mark.parametrize("kept", [10, 40, 80])
def test_focus_shares_the_budget(share: float, kept: int, block: bool) -> None:
    """The first by lift and the first by KeyDiff stay, in the parts asked for.

    Of those that do not stay anyway.
    """
    rows = make_rows(11, block=block)
    scorer = Focus(share=share, width=3, lift=0)
    stays = range(203, 206)
    places = settled(scorer, rows, stays)
    protected = np.isin(rows.origin, stays)
    assert protected.any(axis=1).all()
    assert places[protected].min() >= places.max()
    lowest = np.float32(-np.inf)
    best = np.argsort(-np.where(protected, lowest, places), axis=1)[:, :kept]
    lifted = np.where(protected, lowest, slow_focus(rows, 3))
    unlike = np.where(protected, lowest, KeyDiff(prerope=True)(rows))
    for h in range(HEADS):
        for values, part in ((unlike[h], 1 - share), (lifted[h], share)):
            sure = int(part * kept)
            # Neighbours share the lift of the best of them, so ranks are compared by value.
            chosen = np.sort(values[best[h]])[::-1][:sure]
            np.testing.assert_allclose(chosen, np.sort(values)[::-1][:sure], rtol=1e-4)


@pytest.mark.parametrize("share", [0.3, 0.7])
def test_focus_leaves_to_keydiff_what_the_question_does_not_lift(share: float) -> None:
    rows = make_rows(5, block=False)
    lifted = slow_focus(rows, 3)
    least = float(np.quantile(lifted, 0.9))
    scores = settled(Focus(share=share, width=3, lift=least), rows)
    unlike = KeyDiff(prerope=True)(rows)
    for h in range(HEADS):
        plain = np.flatnonzero(lifted[h] < least * 0.999)
        raised = np.flatnonzero(lifted[h] > least * 1.001)
        order = plain[np.argsort(unlike[h, plain])]
        assert (np.diff(scores[h, order]) > 0).all()
        # A place of the question is better than its share of the budget times the rows it lifts.
        assert scores[h, raised].min() >= -np.log((len(raised) + 3) / share) - 1e-4
    np.testing.assert_array_equal(
        np.argsort(settled(Focus(lift=1e6), rows), axis=1), np.argsort(unlike, axis=1)
    )


def test_a_question_without_words_lifts_nothing() -> None:
    rows = make_rows(5, block=False)
    assert rows.queries is not None
    queries = Queries(rows.queries.vectors[:LEAD], rows.queries.origin[:LEAD], LEAD)
    silent = Rows(rows.keys, rows.origin, queries, 1, rows.past)
    assert Focus()(silent).max() <= 1


def test_random_keeps_a_uniform_sample_that_depends_on_the_head_and_the_seed() -> None:
    tokens = 20_000
    origin = np.tile(np.arange(tokens, dtype=np.int32), (2, 1))
    keys = np.zeros((tokens, 2, 1), np.float32)
    scores = Random(seed=1)(Rows(keys, origin))
    best = scores > np.quantile(scores, 0.9, axis=1, keepdims=True)
    for part in np.array_split(best, 10, axis=1):
        np.testing.assert_allclose(part.mean(axis=1), 0.1, atol=0.025)
    assert (best[0] & best[1]).mean() < 0.02
    draws = [tuple(row) for n in range(4) for row in Random(seed=1)(Rows(keys, origin, layer=n))]
    assert len(set(draws)) == len(draws)  # no head draws what one of another layer does
    again = Random(seed=1)(Rows(keys[::2], origin[:, ::2]))
    np.testing.assert_array_equal(again, scores[:, ::2])
    others = [Random(seed=2)(Rows(keys, origin)), Random(seed=1)(Rows(keys, origin, layer=3))]
    assert all((np.abs(other - scores) > 0).mean() > 0.99 for other in others)


def test_a_scorer_that_watches_needs_queries() -> None:
    rows = make_rows(1, block=True)
    for scorer in ALL:
        if scorer.watch != "nothing":
            with pytest.raises(ValueError, match="needs queries"):
                scorer(Rows(rows.keys, rows.origin))


def test_keydiff_before_rope_needs_the_rotation() -> None:
    rows = make_rows(1, block=True)
    for scorer in (KeyDiff(prerope=True), Focus().rest):
        with pytest.raises(ModelError, match="out of reach; use --policy keydiff"):
            scorer(Rows(rows.keys, rows.origin))
