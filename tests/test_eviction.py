"""Eviction: which rows stay, and that the moves bring exactly those to the cells that stay."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from keydiff_cli.eviction import Policy, elect, follow, keep_best, plan_moves
from keydiff_cli.scores import KeyDiff

steady = settings(derandomize=True, deadline=None, max_examples=200)


@dataclass(frozen=True)
class Choice:
    """Rows to choose from."""

    scores: NDArray[np.float32]
    protected: NDArray[np.bool_]
    count: int


@st.composite
def choices(draw: st.DrawFn) -> Choice:
    """Few different scores, so that ties are common, and no more protected than allowed."""
    heads, n = draw(st.integers(1, 4)), draw(st.integers(1, 24))
    score = st.sampled_from([-1.0, -0.5, -0.25, 0.0, 0.5, 3e38])
    scores = draw(st.lists(score, min_size=heads * n, max_size=heads * n))
    count = draw(st.integers(1, n))
    protected = np.zeros((heads, n), np.bool_)
    for h in range(heads):
        for row in draw(st.sets(st.integers(0, n - 1), max_size=count)):
            protected[h, row] = True
    return Choice(np.array(scores, np.float32).reshape(heads, n), protected, count)


@given(choices())
@steady
def test_kept_are_as_many_as_asked_the_protected_and_the_best(choice: Choice) -> None:
    keep = keep_best(choice.scores, choice.protected, choice.count)
    assert keep.dtype == np.bool_
    assert (keep.sum(axis=1) == choice.count).all()
    assert keep[choice.protected].all()
    for scores, kept, protected in zip(choice.scores, keep, choice.protected, strict=True):
        chosen = kept & ~protected
        if chosen.any() and not kept.all():
            worst = scores[chosen].min()
            assert worst >= scores[~kept].max()
            tied = np.flatnonzero((scores == worst) & ~protected)
            latest = tied[len(tied) - kept[tied].sum() :]
            assert kept[latest].all(), "an earlier row was preferred to a later equal one"


def test_equal_scores_keep_the_latest() -> None:
    keep = keep_best(np.zeros((2, 6), np.float32), np.zeros((2, 6), np.bool_), 2)
    assert np.flatnonzero(keep[0]).tolist() == [4, 5]
    assert np.flatnonzero(keep[1]).tolist() == [4, 5]


def test_protected_rows_outrank_the_largest_score() -> None:
    scores = np.array([[-1, np.finfo(np.float32).max, -1]], np.float32)
    protected = np.array([[True, False, False]])
    assert keep_best(scores, protected, 1).tolist() == [[True, False, False]]


def test_all_rows_stay_where_there_are_no_more_than_asked_for() -> None:
    scores, protected = np.zeros((3, 4), np.float32), np.zeros((3, 4), np.bool_)
    for count in (4, 5, 1000):
        assert keep_best(scores, protected, count).sum() == 12


def place(values: dict[int, float], token: int) -> int:
    """Rank of a token, the highest value 1; among equals the later token is first."""
    return 1 + sum((value, other) > (values[token], token) for other, value in values.items())


@pytest.mark.parametrize("vote", [0.0, 0.25, 0.5, 1.0])
def test_heads_share_the_budget_with_what_all_of_them_want(vote: float) -> None:
    """Against a slow reference, with heads that hold different tokens in different rows.

    Tokens that stay anyway take none of the places.
    """
    random = np.random.default_rng(0)
    heads, n = 6, 20
    origin = np.array([random.permutation(30)[:n] for _ in range(heads)], np.int32)
    scores = random.normal(3, 2, (heads, n)).astype(np.float32)
    pairs = zip(origin.tolist(), scores.tolist(), strict=True)
    given = [dict(zip(tokens, values, strict=True)) for tokens, values in pairs]
    standard = [
        {token: (score - np.mean(list(head.values()))) / np.std(list(head.values()))}
        for head in given
        for token, score in head.items()
    ]
    total = dict.fromkeys(range(30), 0.0)
    for scored in standard:
        for token, score in scored.items():
            total[token] += score

    places = elect(scores, origin, [(0, 2), (11, 15)], vote)

    for h, head in enumerate(given):
        stays = {0, 1, 11, 12, 13, 14} if vote else set()
        assert all(places[h, row] == 0 for row, t in enumerate(origin[h].tolist()) if t in stays)
        head = {token: score for token, score in head.items() if token not in stays}
        common = {token: total[token] for token in head}
        for row, token in enumerate(origin[h].tolist()):
            if token in stays:
                continue
            ranks = [(place(common, token), vote), (place(head, token), 1 - vote)]
            expected = min(rank / share for rank, share in ranks if share)
            if vote:
                assert np.exp(-places[h, row]) == pytest.approx(expected, rel=1e-5)
            else:
                assert places[h, row] == scores[h, row]


def test_a_vote_of_all_the_budget_keeps_the_same_tokens_everywhere() -> None:
    random = np.random.default_rng(1)
    origin = np.array([random.permutation(20) for _ in range(5)], np.int32)
    scores = random.normal(size=(5, 20)).astype(np.float32)
    keep = keep_best(elect(scores, origin, [], 1), np.zeros((5, 20), np.bool_), 7)
    kept = [set(row[marks].tolist()) for row, marks in zip(origin, keep, strict=True)]
    assert len(kept[0]) == 7
    assert kept == [kept[0]] * 5


def test_more_protected_than_may_stay_is_refused() -> None:
    protected = np.array([[True, False, False], [True, True, False]])
    with pytest.raises(ValueError, match="protected"):
        keep_best(np.zeros((2, 3), np.float32), protected, 1)


@st.composite
def evictions(draw: st.DrawFn) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """What each head keeps, and the cells that are freed for all."""
    heads, n = draw(st.integers(1, 4)), draw(st.integers(1, 24))
    kept = draw(st.integers(0, n))
    freed = np.zeros(n, np.bool_)
    freed[draw(st.permutations(range(n)))[kept:]] = True
    keep = np.zeros((heads, n), np.bool_)
    for h in range(heads):
        keep[h, draw(st.permutations(range(n)))[:kept]] = True
    return keep, freed


@given(evictions())
@steady
def test_after_the_moves_every_head_holds_what_it_kept(
    eviction: tuple[NDArray[np.bool_], NDArray[np.bool_]],
) -> None:
    keep, freed = eviction
    heads, n = keep.shape
    before = np.arange(heads * n).reshape(heads, n)
    moves = plan_moves(keep, freed)
    after = before.copy()
    after[moves.head, moves.target] = after[moves.head, moves.source]
    for h in range(heads):
        assert sorted(after[h, ~freed]) == sorted(before[h, keep[h]])
        source = set(moves.source[moves.head == h].tolist())
        target = set(moves.target[moves.head == h].tolist())
        assert not source & target
        assert len(source) == len(target) == (moves.head == h).sum()
        others = [cell for cell in range(n) if cell not in target]
        assert np.array_equal(after[h, others], before[h, others])


def test_nothing_moves_where_each_head_keeps_what_is_not_freed() -> None:
    freed = np.array([True, True, False, False])
    moves = plan_moves(np.tile(~freed, (3, 1)), freed)
    assert len(moves.head) == len(moves.source) == len(moves.target) == 0


@pytest.mark.parametrize(
    "keep",
    [
        [[True, True, False, False], [True, True, True, False]],
        [[True, False, False, False], [True, True, False, False]],
        [[True, False, False, False], [True, True, True, False]],  # right on average only
    ],
)
def test_heads_that_keep_another_number_are_refused(keep: list[list[bool]]) -> None:
    with pytest.raises(ValueError, match="every head"):
        plan_moves(np.array(keep), np.array([True, True, False, False]))


def test_what_is_protected_stays_whatever_the_scores() -> None:
    scores = np.array([[0, np.inf, np.inf]], np.float32)
    keep = keep_best(scores, np.array([[True, False, False]]), 2)
    assert keep.tolist() == [[True, False, True]]


@given(evictions())
@steady
def test_moves_that_were_made_can_be_told_from_the_tokens(
    eviction: tuple[NDArray[np.bool_], NDArray[np.bool_]],
) -> None:
    """What llama.cpp has moved itself, other numbers of the rows follow."""
    keep, freed = eviction
    heads, n = keep.shape
    draw = np.random.default_rng(n)
    before = np.array([draw.permutation(2 * n)[:n] for _ in range(heads)], np.int32)
    after, numbers = before.copy(), before * 3.0 + np.arange(heads)[:, None]
    plan_moves(keep, freed).apply(after)
    after[:, freed] = -1
    wanted = after * 3.0 + np.arange(heads)[:, None]
    follow(before, after).apply(numbers)
    np.testing.assert_array_equal(numbers[:, ~freed], wanted[:, ~freed])


def test_numbers_follow_their_rows() -> None:
    before = np.array([[0, 1, 2, 3, 4], [0, 1, 2, 3, 4]], np.int32)
    after = np.array([[-1, -1, 0, 3, 1], [-1, -1, 2, 1, 4]], np.int32)
    numbers = np.arange(10, dtype=np.float32).reshape(2, 5)
    follow(before, after).apply(numbers)
    assert numbers[0, 2:].tolist() == [0, 3, 1]
    assert numbers[1, 2:].tolist() == [7, 6, 9]


@pytest.mark.parametrize(
    ("sinks", "recent", "room", "spans"),
    [
        (0, 0.0, 10, [(0, 0), (99, 100)]),
        (4, 0.0, 10, [(0, 4), (99, 100)]),
        (4, 0.5, 10, [(0, 4), (97, 100)]),
        (4, 0.0, 3, [(0, 2), (99, 100)]),  # sinks give way to the last token
        (4, 1.0, 1, [(0, 0), (99, 100)]),
        (0, 0.5, 0, [(0, 0), (99, 100)]),
    ],
)
def test_sinks_and_recent_tokens_are_protected(
    sinks: int, recent: float, room: int, spans: list[tuple[int, int]]
) -> None:
    policy = Policy("any", KeyDiff(), sinks=sinks, recent=recent)
    assert policy.protected(room, 100) == spans
