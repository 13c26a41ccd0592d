"""The next token is chosen by its probability, reproducibly."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from keydiff_cli.engine.sampling import Sampler
from keydiff_cli.llama import LlamaError


def logits(*values: float) -> Any:
    return np.array(values, np.float32)


def test_without_a_temperature_the_most_probable_token_is_taken() -> None:
    choose = Sampler().choices()
    assert [choose(logits(0, 3, 1)), choose(logits(5, 3, 1)), choose(logits(2, 2))] == [1, 0, 0]


def test_with_a_temperature_tokens_come_by_their_probability() -> None:
    values = logits(math.log(0.7), math.log(0.2), math.log(0.1), -np.inf)
    choose = Sampler(1.0, seed=3).choices()
    counts = np.bincount([choose(values) for _ in range(3000)], minlength=4) / 3000
    np.testing.assert_allclose(counts, [0.7, 0.2, 0.1, 0], atol=0.03)
    choose = Sampler(0.5, seed=3).choices()
    share = np.mean([choose(values) == 0 for _ in range(3000)])
    assert share == pytest.approx(0.49 / (0.49 + 0.04 + 0.01), abs=0.03)


def test_a_seed_gives_the_same_choices_and_another_one_others() -> None:
    values = np.zeros(1000, np.float32)

    def draw(seed: int) -> list[int]:
        choose = Sampler(1.0, seed).choices()
        return [choose(values) for _ in range(8)]

    assert draw(1) == draw(1) != draw(2)


def test_a_tiny_temperature_is_as_good_as_none() -> None:
    choose = Sampler(1e-300).choices()
    assert [choose(logits(0, 3, 1)) for _ in range(5)] == [1] * 5


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_what_is_no_number_is_an_error(value: float, temperature: float) -> None:
    choose = Sampler(temperature).choices()
    with pytest.raises(LlamaError, match="computes no numbers; its weights are damaged"):
        choose(logits(0, value, 1))


# Making room ----------------------------------------------------------------------------------
