"""A grammar that says which tokens may come next in an answer, by llama.cpp's own sampler."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keydiff_cli.llama.library import LlamaError, library, log
from keydiff_cli.llama.model import Model

_TOKEN = np.dtype([("id", np.int32), ("logit", np.float32), ("p", np.float32)])


class Grammar:
    """What may come next, given what was said so far; to be closed.

    Parameters
    ----------
    model
        Whose tokens they are.
    text
        The grammar in GBNF, of which the start is ``root``.

    Raises
    ------
    LlamaError
        If llama.cpp cannot read it.
    """

    def __init__(self, model: Model, text: str) -> None:
        self._sampler = _sampler(model._open_vocabulary(), text)
        self._one = np.zeros(1, _TOKEN)
        self._all = np.zeros(model.vocabulary_size, _TOKEN)
        self._all["id"] = np.arange(model.vocabulary_size)

    def __enter__(self) -> Grammar:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Free it."""
        if self._sampler:
            library().llama_sampler_free(self._sampler)
            self._sampler = None

    def allows(self, token: int) -> bool:
        """Tell whether a token may come next; one that ends an answer if what was said is whole."""
        self._one["id"], self._one["logit"] = token, 0
        return bool(np.isfinite(self._applied(self._one)[0]))

    def masked(self, logits: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return logits, float32 ``[vocabulary]``, with minus infinity for what may not come."""
        self._all["logit"] = logits
        return self._applied(self._all).copy()

    def accept(self, token: int) -> None:
        """Go on after a token that may come next."""
        library().llama_sampler_accept(self._sampler, token)

    def _applied(self, tokens: NDArray[Any]) -> NDArray[np.float32]:
        lib = library()
        array = lib.llama_token_data_array(
            data=ctypes.cast(tokens.ctypes.data, lib.llama_token_data_p),
            size=len(tokens),
            selected=-1,
            sorted=False,
        )
        lib.llama_sampler_apply(self._sampler, ctypes.byref(array))
        logits: NDArray[np.float32] = tokens["logit"]
        return logits


def require_grammar(text: str) -> None:
    """Make sure that llama.cpp can read a grammar, which needs no model.

    Raises
    ------
    LlamaError
        If it cannot.
    """
    library().llama_sampler_free(_sampler(None, text))


def _sampler(vocabulary: Any, text: str) -> Any:
    log.clear()
    sampler = library().llama_sampler_init_grammar(vocabulary, text.encode(), b"root")
    if not sampler:
        raise LlamaError("llama.cpp cannot read the grammar")
    return sampler
