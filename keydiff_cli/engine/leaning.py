"""How much a model leans to yes where a question is to be answered by yes or no."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from keydiff_cli.cache import KVCache
from keydiff_cli.engine.answer import add_question
from keydiff_cli.llama import Model
from keydiff_cli.text.prompts import Asked

_Form = Callable[[str], str]
_FORMS: tuple[_Form, ...] = (str, str.title, str.upper)


def leaning(cache: KVCache, question: Asked) -> float:
    """The probability that the answer begins with yes, if it begins with yes or no: 0 to 1.

    The question stays in the cache. Any spelling counts, with a space before it and without.

    Raises
    ------
    UsageError
        If there is no room for the question.
    """
    add_question(cache, question.ids)
    yes, no = yes_and_no(cache.context.model, cache.context.logits())
    return yes / (yes + no) if yes + no > 0 else 0.5


def yes_and_no(
    model: Model, logits: NDArray[np.float32], forms: Sequence[_Form] = _FORMS
) -> tuple[float, float]:
    """How probable it is that yes comes next, and no, over the most probable token.

    Each in some ``forms``, with a space before it and without.
    """
    weights = np.exp(logits.astype(np.float64) - logits.max())
    yes, no = (_first_tokens(model, word, forms) for word in ("yes", "no"))
    return float(weights[sorted(yes - no)].sum()), float(weights[sorted(no - yes)].sum())


def _first_tokens(model: Model, word: str, forms: Sequence[_Form]) -> set[int]:
    """The first tokens of a word in some forms, at the beginning of a text and within it."""
    spelled = [f"{space}{form(word)}" for form in forms for space in ("", " ")]
    return {int(model.tokenize(each)[0]) for each in spelled}
