"""How much a model leans to yes where a question is to be answered by yes or no."""

from __future__ import annotations

import numpy as np

from keydiff_cli.cache import KVCache
from keydiff_cli.engine.answer import add_question
from keydiff_cli.llama import Model
from keydiff_cli.text.prompts import Asked

_YES, _NO = (tuple(form(word) for form in (str, str.title, str.upper)) for word in ("yes", "no"))


def leaning(cache: KVCache, question: Asked) -> float:
    """The probability that the answer begins with yes, if it begins with yes or no: 0 to 1.

    The question stays in the cache. Any spelling counts, with a space before it and without.

    Raises
    ------
    UsageError
        If there is no room for the question.
    """
    add_question(cache, question.ids)
    logits = cache.context.logits().astype(np.float64)
    weights = np.exp(logits - logits.max())
    yes_tokens, no_tokens = (_first_tokens(cache.context.model, words) for words in (_YES, _NO))
    yes = weights[sorted(yes_tokens - no_tokens)].sum()
    no = weights[sorted(no_tokens - yes_tokens)].sum()
    return float(yes / (yes + no)) if yes + no > 0 else 0.5


def _first_tokens(model: Model, words: tuple[str, ...]) -> set[int]:
    """The first tokens of some words, at the beginning of a text and within it."""
    spelled = [f"{space}{word}" for word in words for space in ("", " ")]
    return {int(model.tokenize(word)[0]) for word in spelled}
