"""How the next token of an answer is chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keydiff_cli.llama import LlamaError


@dataclass(frozen=True)
class Sampler:
    """Chooses the next token.

    Attributes
    ----------
    temperature
        0 takes the most probable token (greedy, reproducible); above, the softmax of
        ``logits / temperature`` is sampled.
    seed
        Seed of the sampling.
    """

    temperature: float = 0.0
    seed: int = 0

    def choices(self) -> Choices:
        """A fresh sequence of choices."""
        return Choices(self.temperature, np.random.default_rng(self.seed))


@dataclass
class Choices:
    """The state of a :class:`Sampler` during one answer."""

    temperature: float
    random: np.random.Generator

    def __call__(self, logits: NDArray[np.float32]) -> int:
        best = int(np.argmax(logits))  # of NaNs the first
        if not np.isfinite(logits[best]):
            raise LlamaError(
                "the model computes no numbers; its weights are damaged: fetch it again"
            )
        if self.temperature <= 0:
            return best
        with np.errstate(over="ignore"):  # a tiny temperature: all but the best become -inf
            scaled = (logits.astype(np.float64) - logits.max()) / self.temperature
        weights = np.exp(scaled)
        return int(self.random.choice(len(weights), p=weights / weights.sum()))


def log_probability(logits: NDArray[np.floating[Any]], token: int) -> float:
    """The log-probability of a token by the logits of all: floating point ``[vocabulary]``."""
    top = logits.max()
    return float(logits[token] - top - np.log(np.exp(logits - top).sum()))
