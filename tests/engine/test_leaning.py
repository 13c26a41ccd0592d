"""How much a model leans to yes: by the tokens that answers begin with."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from fake_model import FakeModel
from scripted_cache import FakeCache

from keydiff_cli.engine.leaning import leaning
from keydiff_cli.errors import UsageError
from keydiff_cli.text.prompts import Asked

QUESTION = Asked(np.array([*b"Is it? "], np.int32), 0)


@pytest.fixture
def cache() -> FakeCache:
    cache = FakeCache(FakeModel(), cells=256, batch=64)
    cache.append(np.zeros(64, np.int32))
    cache.hold()
    return cache


def says(cache: Any, shares: dict[str, float]) -> None:
    """Logits of an answer that begins with some letters, each with a probability."""
    logits = np.full(300, -np.inf, np.float32)
    for letter, share in shares.items():
        logits[ord(letter)] = math.log(share)
    cache.context.logits = lambda: logits


@pytest.mark.parametrize(
    ("shares", "wanted"),
    [
        ({"y": 0.6, "n": 0.2, "x": 0.2}, 0.75),
        ({"Y": 0.1, "y": 0.2, "N": 0.3}, 0.5),
        ({"n": 1.0}, 0.0),
        ({"y": 0.2, " ": 0.8}, 1.0),  # with which either may begin
        ({"x": 1.0}, 0.5),
    ],
)
def test_other_answers_than_yes_and_no_do_not_count(
    cache: FakeCache, shares: dict[str, float], wanted: float
) -> None:
    says(cache, shares)
    assert leaning(cache, QUESTION) == pytest.approx(wanted)  # type: ignore[arg-type]
    assert cache.tokens == 64 + len(QUESTION.ids)


def test_there_must_be_room_for_the_question(cache: FakeCache) -> None:
    long = Asked(np.zeros(300, np.int32), 0)
    with pytest.raises(UsageError, match="the question has 300 tokens"):
        leaning(cache, long)  # type: ignore[arg-type]
