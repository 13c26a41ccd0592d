"""Whether what was read answers a question, as the model sees it.

Three signs. Of the first two, each is a few tokens that are run at the end of the cache before the
answer, and forgotten again:

* the model is asked whether the document says the answer: the log-odds of "yes" over "no"
  (Kadavath et al. 2022, arXiv 2207.05221, ask models so about their own answers),
* how probable it is that the answer begins by saying that the document does not: the null score
  of readers that can abstain (Devlin et al. 2019, arXiv 1810.04805, for SQuAD 2.0),
* how probable the least probable token of the answer is, which is known after it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import numpy as np

from keydiff_cli.cache import KVCache
from keydiff_cli.engine.answer import Answer, make_room, step_of
from keydiff_cli.engine.leaning import yes_and_no
from keydiff_cli.engine.sampling import log_probability
from keydiff_cli.llama import Tokens

Supported = Literal["yes", "weak", "no"]

CHECK = "Does the document say the answer to this question? Answer yes or no.\nQuestion: "
_ABSENT = "The document does not"
_LEAST = 1e-300  # what is less probable than any token
_LIKELY, _POSSIBLE = 0.7, 0.4  # probabilities from which on an answer is supported, and weakly
# The latter where no passages stand before the question: the model leans to "yes" less then.
_POSSIBLE_ALONE = 0.1


@dataclass(frozen=True)
class Signs:
    """What tells whether there is an answer.

    Attributes
    ----------
    says
        Log-odds of "yes" over "no" when the model is asked whether the document says the answer.
    absent
        Log-probability that the answer begins with "The document does not".
    least
        Log-probability of the least probable token of the answer; 0 before there is any.
    """

    says: float
    absent: float
    least: float = 0.0


@dataclass(frozen=True)
class Weights:
    """A logistic regression over :class:`Signs`, as ``docs/support.py`` fits it for a model."""

    says: float
    absent: float
    least: float
    bias: float

    def probability(self, signs: Signs) -> float:
        """How probable it is that the document answers the question, 0 to 1."""
        odds = self.says * signs.says + self.absent * signs.absent + self.least * signs.least
        odds += self.bias
        return 1 / (1 + math.exp(-max(min(odds, 30.0), -30.0)))


def level(probability: float, *, alone: bool = False) -> Supported:
    """What a probability that the document answers a question amounts to.

    ``alone`` is whether no passages stand before the question.
    """
    if probability >= _LIKELY:
        return "yes"
    return "weak" if probability >= (_POSSIBLE_ALONE if alone else _POSSIBLE) else "no"


def signs_of(answer: Answer, check: Tokens, *, evicting: bool) -> Signs | None:
    """Put the question of an answer to the model, and see whether there is one.

    None where what is tried cannot be forgotten again: in a model with sliding windows, or if
    there is no room for it.

    Parameters
    ----------
    check
        What stands in place of the question's own words, and after them: :data:`CHECK` before
        the question.
    evicting
        Whether older questions and answers may make room for it.

    Raises
    ------
    UsageError
        If the question does not fit.
    """
    cache, model = answer.cache, answer.cache.context.model
    if model.window:
        return None
    answer.put_lead()
    beginning = model.tokenize(_ABSENT)
    if evicting:
        make_room(cache, min(len(check), step_of(cache)))
    if cache.free < len(check):
        return None
    with _forgotten(cache):
        for start in range(0, len(check), step_of(cache)):
            part = check[start : start + step_of(cache)]
            cache.append(part, logits=start + len(part) == len(check))
        yes, no = yes_and_no(model, cache.context.logits(), (str, str.title))
        says = math.log(max(yes, _LEAST) / max(no, _LEAST))
    logits, absent = answer.put(), 0.0
    if cache.free < len(beginning):
        return None
    with _forgotten(cache):
        for token in beginning:
            absent += log_probability(logits.astype(np.float64), token)
            cache.append(np.array([token], np.int32), logits=True)
            logits = cache.context.logits()
    return Signs(says, absent)


@contextmanager
def _forgotten(cache: KVCache) -> Iterator[None]:
    """Forget what is appended meanwhile."""
    position = cache.position
    try:
        yield
    finally:
        cache.truncate(position)
