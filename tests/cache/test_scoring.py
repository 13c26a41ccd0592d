"""What scorers are given and what they give; those of other packages may fail: one error each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
import pytest
from numpy.typing import NDArray

from keydiff_cli.cache.access import Layout
from keydiff_cli.cache.cells import RowsInUse
from keydiff_cli.cache.scoring import Scoring
from keydiff_cli.cache.state import Bytes
from keydiff_cli.errors import ModelError
from keydiff_cli.eviction import Policy
from keydiff_cli.llama import Context
from keydiff_cli.render.flags import as_flag
from keydiff_cli.scores import Rows

LAYERS, HEADS, ROWS, WIDTH = 2, 2, 6, 4


@dataclass
class FakeLayout:
    """Two layers of two heads."""

    half: bool = True
    offsets: NDArray[np.int64] = field(
        default_factory=lambda: np.arange(0, HEADS * (LAYERS + 1), HEADS)
    )

    def rotation(self, number: int) -> None:
        return None


@dataclass
class FakeContext:
    cells: int = ROWS


class Base:
    watch = "nothing"

    def __call__(self, rows: Rows) -> Any:
        return np.zeros(rows.origin.shape, np.float32)


class Raises(Base):
    def __init__(self, error: BaseException) -> None:
        self.error = error

    def __call__(self, rows: Rows) -> Any:
        raise self.error


class Gives(Base):
    def __init__(self, given: object) -> None:
        self.given = given

    def __call__(self, rows: Rows) -> Any:
        return self.given


class Writes(Base):
    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, rows: Rows) -> Any:
        getattr(rows, self.name)[:] = 0
        return super().__call__(rows)


class Shares(Base):
    """Settles by giving what it was made with, once for all layers."""

    def __init__(self, given: object = None, rest: object = None) -> None:
        self.given = given
        self.rest = rest or Base()

    def settle(self, scores: Any, others: Any, origin: Any, protected: Any) -> Any:
        if isinstance(self.given, BaseException):
            raise self.given
        if isinstance(self.given, str):
            origin[:] = 0
        return self.given


@pytest.fixture
def origin() -> Iterator[NDArray[np.int32]]:
    """Tokens of the rows; the second layer has given one up."""
    tokens = np.tile(np.arange(ROWS, dtype=np.int32), (HEADS * LAYERS, 1))
    tokens[HEADS:, 0] = -1
    before = tokens.copy()
    yield tokens
    np.testing.assert_array_equal(tokens, before)


@dataclass
class Keys:
    """Keys that llama.cpp does not score itself."""

    stored: list[Bytes]

    def keys(self) -> list[Bytes]:
        return self.stored

    def keydiff(self, rotations: object) -> None:
        return None


def score(scorer: object, origin: NDArray[np.int32]) -> NDArray[np.float32]:
    draw = np.random.default_rng(0)
    keys = draw.standard_normal((LAYERS, ROWS, HEADS, WIDTH)).astype(np.float16).view(np.uint8)
    scoring = Scoring(cast(Context, FakeContext()), cast(Layout, FakeLayout()))
    past = np.zeros(origin.shape, np.float32)
    cells = np.arange(ROWS)
    rows = RowsInUse(cells, cells.astype(np.int32), origin, positions_of(origin), past)
    policy = Policy("theirs", cast(Any, scorer))
    return scoring.scores(policy, Keys(list(keys)), rows, [])


def positions_of(origin: NDArray[np.int32]) -> NDArray[np.int32]:
    return np.where(origin < 0, -1, origin * 2 + 5).astype(np.int32)


SHAPE = (HEADS, ROWS)
ALL = (HEADS * LAYERS, ROWS)


@pytest.mark.parametrize(
    ("scorer", "said"),
    [
        (Raises(RuntimeError("no luck")), "RuntimeError: no luck"),
        (Raises(KeyError("x")), "KeyError: 'x'"),
        (Raises(OSError(28, "full")), "OSError: [Errno 28] full"),
        (Raises(SystemExit(0)), "SystemExit: 0"),
        (Raises(ValueError()), "ValueError"),
        (Gives("many"), "ValueError: could not convert"),
        (Shares(ValueError("odd")), "ValueError: odd"),
        (Shares(SystemExit()), "SystemExit"),
        (Shares("writes"), "ValueError: assignment destination is read-only"),
        (Shares(np.zeros(ALL), Raises(KeyError(1))), "KeyError: 1"),
        *((Writes(name), "read-only") for name in ("keys", "origin", "rotary", "past")),
    ],
)
def test_whatever_a_scorer_raises_is_one_error(
    scorer: object, said: str, origin: NDArray[np.int32]
) -> None:
    with pytest.raises(ModelError) as error:
        score(scorer, origin)
    assert str(error.value).startswith("the policy 'theirs' fails: ")
    assert said in str(error.value)
    assert str(error.value).endswith("; use another policy")
    assert error.value.told(as_flag).endswith("; use another --policy")


@pytest.mark.parametrize(
    "scorer",
    [
        Gives(None), Gives(3), Gives(np.zeros(ROWS)), Gives(np.full(SHAPE, np.nan)),
        Gives(np.full(SHAPE, 1e300)), Shares(None), Shares(np.zeros(SHAPE)), Shares(1.0),
        Shares(np.full(ALL, np.nan)), Shares(np.zeros(ALL), Gives(np.zeros(3))),
    ],
)  # fmt: skip
def test_what_is_no_score_is_refused(scorer: object, origin: NDArray[np.int32]) -> None:
    with pytest.raises(ModelError, match="'theirs' does not give a finite number for each"):
        score(scorer, origin)


def test_rows_that_a_layer_has_given_up_rank_last(origin: NDArray[np.int32]) -> None:
    given = np.arange(np.prod(ALL), dtype=np.float64).reshape(ALL)
    settled = score(Shares(np.where(origin < 0, np.nan, given)), origin)
    np.testing.assert_array_equal(settled, np.where(origin < 0, -np.inf, given))
    assert settled.dtype == np.float32
    plain = score(Base(), origin)
    np.testing.assert_array_equal(plain, np.where(origin < 0, -np.inf, 0))


def test_a_scorer_is_given_tokens_and_positions(origin: NDArray[np.int32]) -> None:
    """Of the rows that its layer has not given up."""
    given: list[Rows] = []

    class Listens(Base):
        def __call__(self, rows: Rows) -> Any:
            given.append(rows)
            return super().__call__(rows)

    score(Listens(), origin)
    assert [rows.layer for rows in given] == [0, 1]
    for rows, first in zip(given, (0, 1), strict=True):
        assert rows.origin.tolist() == [list(range(first, ROWS))] * HEADS
        np.testing.assert_array_equal(rows.rotary, positions_of(rows.origin))
        assert rows.keys.shape == (ROWS - first, HEADS, WIDTH)
        assert rows.queries is None


def test_memory_and_ctrl_c_are_not_taken_for_the_policy(origin: NDArray[np.int32]) -> None:
    for error in (MemoryError(), KeyboardInterrupt()):
        with pytest.raises(type(error)):
            score(Raises(error), origin)
