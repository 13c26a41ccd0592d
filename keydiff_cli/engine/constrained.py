"""Choosing the next token among those that a grammar allows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from keydiff_cli.engine.endless import Ending
from keydiff_cli.llama import Grammar

_TRIES = 48  # tokens that are looked at one by one, before the whole vocabulary is

Choose = Callable[[NDArray[np.float32]], int]


class Constrained:
    """Chooses as another one does, among the tokens that a grammar allows.

    Mostly the token that it would have chosen anyway is allowed, and no other is looked at. Else it
    is taken out, and the next one chosen: so tokens come by the probabilities that they have among
    those allowed, at any temperature. What would only repeat itself is ended.
    """

    def __init__(self, choose: Choose, grammar: Grammar, ending: Ending) -> None:
        self._choose = choose
        self._grammar = grammar
        self._ending = ending

    def __call__(self, logits: NDArray[np.float32]) -> int | None:
        """The next token, which the grammar goes on after; None if there can be none.

        Parameters
        ----------
        logits
            float32 ``[vocabulary]``; they stay as they are.
        """
        wanted = self._allowed(logits)
        if wanted is None:
            return None
        instead = filter(self._grammar.allows, self._ending.instead(wanted))
        token = next(instead, wanted)
        self._grammar.accept(token)
        self._ending.add(token, instead=token != wanted)
        return token

    def _allowed(self, logits: NDArray[np.float32]) -> int | None:
        left = logits
        for _ in range(_TRIES):
            token = self._choose(left)
            if self._grammar.allows(token):
                return token
            if left is logits:
                left = logits.copy()
            left[token] = -np.inf
            if not np.isfinite(left.max()):
                return None
        masked = self._grammar.masked(logits)
        return self._choose(masked) if np.isfinite(masked.max()) else None
