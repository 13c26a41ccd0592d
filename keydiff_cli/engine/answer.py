"""Answering: a question goes in, tokens of text come out, within the same cells."""

from __future__ import annotations

import codecs
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from keydiff_cli.cache import KVCache
from keydiff_cli.engine.constrained import Constrained
from keydiff_cli.engine.endless import Ending
from keydiff_cli.engine.sampling import Choices, Sampler, log_probability
from keydiff_cli.errors import UsageError
from keydiff_cli.eviction import Policy
from keydiff_cli.llama import Grammar, Tokens
from keydiff_cli.scores import Float32, KeyDiff, Rows, Watch
from keydiff_cli.text.leaving_out import LeavingOut
from keydiff_cli.text.prompts import Asked
from keydiff_cli.text.thinking import MARKS, Parting

_STEP = 128
# What questions and answers are held to their share by; what is older is not touched.
_TALK = Policy("keydiff", KeyDiff(), recent=0.5)

StopReason = Literal["eos", "length", "interrupted"]


def extend(cache: KVCache, tokens: Tokens, *, logits: bool = False) -> None:
    """Append tokens of a question or an answer; where cells run out, older ones of them go.

    What the cache holds (:meth:`~keydiff_cli.cache.KVCache.hold`) stays as it is.
    """
    step = step_of(cache)
    for start in range(0, len(tokens), step):
        part = tokens[start : start + step]
        make_room(cache, len(part))
        cache.append(part, logits=logits and start + len(part) == len(tokens))


def add_question(cache: KVCache, tokens: Tokens) -> None:
    """Append the tokens of a question, pinned so that its answer cannot push them out.

    Raises
    ------
    UsageError
        If there is no room for it.
    """
    require_room(cache, len(tokens))
    cache.pin(cache.tokens, cache.tokens + len(tokens))
    extend(cache, tokens, logits=True)


def require_room(cache: KVCache, count: int, pinned: int | None = None) -> None:
    """Make sure that a question of ``count`` tokens fits.

    Parameters
    ----------
    pinned
        Rows that are never evicted; None for those that are not now.

    Raises
    ------
    UsageError
        If there is no room for it.
    """
    held = cache.pinned_rows if pinned is None else pinned
    room = cache.context.cells - held - step_of(cache) - 1
    if count > room:
        raise UsageError(
            f"the question has {count} tokens, of which at most {max(room, 0)} fit; "
            "shorten it, or raise the setting 'conversation'"
        )


def make_room(cache: KVCache, count: int) -> None:
    """Let older tokens of questions and answers go where there are no cells for ``count`` more.

    They are at most :func:`step_of`. Nor do their positions come too far for the model.
    """
    if cache.free < count:
        cache.evict(cache.context.cells - step_of(cache), _TALK)
    cache.compact(count)


@dataclass(frozen=True)
class _Outside:
    """Ranks the tokens from ``start`` to ``stop`` (exclusive) below all others."""

    start: int
    stop: int
    watch: ClassVar[Watch] = "nothing"

    def __call__(self, rows: Rows) -> Float32:
        outside = (rows.origin < self.start) | (rows.origin >= self.stop)
        return outside.astype(np.float32)


def forget(cache: KVCache, start: int, stop: int) -> None:
    """Evict the rows of the tokens from ``start`` to ``stop`` (exclusive).

    All heads give up as many, so that some stay in a head that has more of them than another one.
    """
    held = [((origin >= start) & (origin < stop)).sum(axis=1) for origin in cache.origin]
    fewest = int(min(counts.min() for counts in held))
    if fewest > 0:
        cache.evict(cache.used - fewest, Policy("passages", _Outside(start, stop)))


def step_of(cache: KVCache) -> int:
    """Cells freed at a time, and tokens run at a time."""
    return step_for(cache.context.batch)


def step_for(block: int) -> int:
    """As :func:`step_of`, of a cache that is read into by blocks of so many tokens."""
    return min(block, _STEP)


class Answer:
    """One answer, generated while it is iterated over.

    Parameters
    ----------
    question
        From the end of the document to the start of the answer.
    max_tokens
        Where to stop.
    begun
        Tokens that the answer begins with: it was generated so far before.
    grammar
        Of the texts that it may be, in GBNF; empty for any text.
    thought
        Called with the pieces of what the model thinks aloud before it answers.
    left_out
        Lines that are no part of the answer: what stands above the passages before the question.

    Attributes
    ----------
    cache : KVCache
        What it is answered from.
    question : Asked
        The question that is answered.
    max_tokens : int
        Where the answer stops, in tokens beside those that it was begun with.
    begun : list of int
        As above.
    tokens : list of int
        Tokens generated so far.
    text : str
        The text of all of them without thoughts, as far as it has been given; what it was begun
        with is not given.
    least : float
        Log-probability of the least probable token generated so far.
    stop_reason : str
        Why it ended: ``eos``, ``length``, or ``interrupted`` while it has not.
    """

    def __init__(
        self,
        cache: KVCache,
        question: Asked,
        *,
        max_tokens: int,
        sampler: Sampler,
        begun: Sequence[int] = (),
        grammar: str = "",
        thought: Callable[[str], None] | None = None,
        left_out: Sequence[str] = (),
    ) -> None:
        self.cache = cache
        self.question = question
        self.max_tokens = max_tokens
        self._put = 0  # tokens of the question that are in the cache, before all of it is
        self._logits: NDArray[np.float32] | None = None  # after all of them
        self._given: list[int] = []  # what it is, where that is known
        self._sampler = sampler
        self._grammar = grammar
        self._ending = Ending(cache.context.model)
        self._surprise = self.least = 0.0  # the former: minus the sum of log-probabilities
        self._before = 0  # tokens that were thoughts
        self.begun = list(begun)
        self.tokens: list[int] = []
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._parting = Parting(question.thought)
        self._leaving = LeavingOut(left_out)
        self.text = "".join(map(self._answered, map(self._text_of, self.begun)))
        self._parting.told = thought
        self.stop_reason: StopReason = "interrupted"

    @property
    def certainty(self) -> float:
        """Geometric mean of the probabilities that the model gave the tokens, 0 to 1.

        Also to those that a grammar left no choice but to take; those of its thoughts do not count.
        """
        return math.exp(-self._surprise / max(len(self.tokens) - self._before, 1))

    @property
    def shortened(self) -> bool:
        """Whether a text or list was ended that repeated itself; only where there is a grammar."""
        return self._ending.shortened

    @property
    def thinking(self) -> str:
        """What the model thought aloud before it answered."""
        return self._parting.thinking

    def __iter__(self) -> Iterator[str]:
        """Text as it comes, never in the middle of a character."""
        with ExitStack() as stack:
            choose: Choices | Constrained = (free := self._sampler.choices())
            if self._grammar:
                grammar = Grammar(self.cache.context.model, self._grammar)
                choose = Constrained(free, stack.enter_context(grammar), self._ending)
            for text in self._generate(choose):
                self.text += text
                yield text

    def _text_of(self, token: int) -> str:
        """The text that a token adds; of special tokens only that of a mark of thoughts."""
        model = self.cache.context.model
        if piece := model.piece(token):
            return self._decoder.decode(piece)
        return mark if (mark := model.token_text(token)) in MARKS else ""

    def _answered(self, text: str, *, last: bool = False) -> str:
        """What is clear of the answer now that more of the text has come."""
        return self._leaving.feed(self._parting.feed(text, last=last), last=last)

    def put_lead(self) -> None:
        """Put what stands before the question's own words to the model: the passages.

        Raises an error as :func:`require_room` does, for all of the question.
        """
        ids, count = self.question.ids, self.question.passages[1]
        if count:
            require_room(self.cache, len(ids))
            self.cache.pin(self.cache.tokens, self.cache.tokens + count)
            extend(self.cache, ids[:count])
            self._put = count

    def put(self) -> NDArray[np.float32]:
        """Put (the rest of) the question to the model; gives the logits of what comes after it."""
        if self._logits is None:
            ids, start = self.question.ids, self.cache.tokens - self._put
            if self._put:
                self.cache.unpin(start)
                self.cache.pin(start, start + len(ids))
                extend(self.cache, ids[self._put :], logits=True)
            else:
                add_question(self.cache, ids)
            self._logits = self.cache.context.logits().copy()
        return self._logits

    def give(self, text: str) -> None:
        """Let the answer be this text, whatever the model would say, or has said already."""
        self._parting, self._leaving = Parting(), LeavingOut()
        self._given = [int(token) for token in self.cache.context.model.tokenize(text)]
        self.max_tokens = len(self._given) + 1
        self.tokens, self.text, self._surprise = [], "", 0.0
        self._decoder.reset()

    def _generate(self, choose: Choices | Constrained) -> Iterator[str]:
        logits = self.put()
        model = self.cache.context.model
        if self.begun:
            extend(self.cache, np.array(self.begun, np.int32), logits=True)
            logits = self.cache.context.logits()
        given = iter(self._given)
        while True:
            token = next(given, None) if self._given else choose(logits)
            if token is None or model.ends_answer(token):
                self.stop_reason = "eos"
                break
            self.tokens.append(token)
            probable = log_probability(logits, token)
            self._surprise, self.least = self._surprise - probable, min(self.least, probable)
            if self._parting.open:
                self._surprise, self.least, self._before = 0.0, 0.0, len(self.tokens)
            if text := self._answered(self._text_of(token)):
                yield text
            if len(self.tokens) >= self.max_tokens:
                self.stop_reason = "length"
                break
            extend(self.cache, np.array([token], np.int32), logits=True)
            logits = self.cache.context.logits()
        if text := self._answered(self._decoder.decode(b"", final=True), last=True):
            yield text
