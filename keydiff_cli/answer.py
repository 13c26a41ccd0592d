"""Answering: a question goes in, tokens of text come out, within the same cells."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from keydiff_cli.cache import KVCache
from keydiff_cli.errors import UsageError
from keydiff_cli.eviction import Policy
from keydiff_cli.llama import LlamaError, Tokens
from keydiff_cli.prompts import Asked

_STEP = 128  # cells freed at a time when they run out, and tokens of the question run at a time

StopReason = Literal["eos", "length", "interrupted"]


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


class Answer:
    """One answer, generated while it is iterated over.

    Parameters
    ----------
    question
        From the end of the document to the start of the answer.
    policy, block
        What to evict by when the cells run out, and the most tokens to run at a time.
    max_tokens
        Where to stop.

    Attributes
    ----------
    tokens : list of int
        Tokens generated so far.
    stop_reason : str
        Why it ended: ``eos``, ``length``, or ``interrupted`` while it has not.
    """

    def __init__(
        self,
        cache: KVCache,
        question: Asked,
        *,
        policy: Policy,
        block: int,
        max_tokens: int,
        sampler: Sampler,
    ) -> None:
        self._cache = cache
        self._question = question
        self._policy = policy
        self._step = min(block, _STEP)
        self._max_tokens = max_tokens
        self._choose = sampler.choices()
        self.tokens: list[int] = []
        self.stop_reason: StopReason = "interrupted"

    def __iter__(self) -> Iterator[str]:
        """Text as it comes, never in the middle of a character."""
        self._ask()
        model = self._cache.context.model
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        while True:
            token = self._choose(self._cache.context.logits())
            if model.ends_answer(token):
                self.stop_reason = "eos"
                break
            self.tokens.append(token)
            if text := decoder.decode(model.piece(token)):
                yield text
            if len(self.tokens) >= self._max_tokens:
                self.stop_reason = "length"
                break
            watch = self._policy.watch in ("block", "stream")
            self._append(np.array([token], np.int32), logits=True, watch=watch)
        if text := decoder.decode(b"", final=True):
            yield text

    def _ask(self) -> None:
        """Run the question, pinned so that the answer cannot push it out."""
        cache, question = self._cache, self._question.ids
        room = cache.context.cells - cache.pinned_tokens - self._step - 1
        if len(question) > room:
            raise UsageError(
                f"the question has {len(question)} tokens, of which at most {max(room, 0)} fit; "
                "shorten it or give more memory"
            )
        cache.pin(cache.position, cache.position + len(question))
        for start in range(0, len(question), self._step):
            part = question[start : start + self._step]
            last = start + len(part) == len(question)
            lead = 0 if start else self._question.lead
            self._append(part, logits=last, watch=self._policy.watch != "nothing", lead=lead)

    def _append(self, tokens: Tokens, *, logits: bool, watch: bool, lead: int = 0) -> None:
        cache = self._cache
        if cache.free < len(tokens):
            cache.evict(cache.context.cells - self._step, self._policy)
        cache.append(tokens, logits=logits, watch=watch, lead=lead)
