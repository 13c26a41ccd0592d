"""Focus: the lift of a question, and how it shares the budget with KeyDiff."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from score_helpers import HEADS, LEAD, make_rows, slow_attention

from keydiff_cli.scores import KeyDiff, Queries, Rows
from keydiff_cli.scores.focus import Focus


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
    assert Focus()(replace(rows, queries=queries)).max() <= 1
