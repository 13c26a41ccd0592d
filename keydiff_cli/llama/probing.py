"""What can be found out about a model without its weights, found out once."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing, nullcontext
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from keydiff_cli.llama.model import Model

P = ParamSpec("P")
T = TypeVar("T")
_MOST = 64  # findings of a function that are remembered


def without_weights(
    function: Callable[Concatenate[Model, P], T],
) -> Callable[Concatenate[Model, P], T]:
    """Let a function of a model have it without weights, and be called once for each model file.

    A model that has its weights is opened a second time for it, so that contexts of any size can be
    made, in which nothing is allocated. The other arguments are hashable.
    """
    known: dict[object, T] = {}

    @wraps(function)
    def found(model: Model, /, *args: P.args, **options: P.kwargs) -> T:
        key = model.identity, args, frozenset(options.items())
        if key not in known:
            light = (
                closing(Model(model.path, weights=False, placement=model.placement))
                if model.weights
                else nullcontext(model)
            )
            with light as sketch:
                finding = function(sketch, *args, **options)
            while len(known) >= _MOST:
                known.pop(next(iter(known)))
            known[key] = finding
        return known[key]

    return found
