"""What of a policy is within reach with the llama.cpp and the model that are here."""

from __future__ import annotations

from contextlib import closing

from keydiff_cli.errors import ModelError, setting
from keydiff_cli.eviction import Policy
from keydiff_cli.llama import Context, Model, without_weights
from keydiff_cli.policies import DEFAULT_POLICY, as_cached
from keydiff_cli.reading.run import Run

_FEW = 32  # cells and tokens, of a context that shows how it computes


@without_weights
def knows_rotations(model: Model, kv_type: str) -> bool:
    """Whether it is known how a model rotates the keys of each layer; found out without weights."""
    with closing(Context(model, cells=_FEW, batch=_FEW, kv_type=kv_type)) as context:
        tensors = context.cache_tensors()
        if tensors is None or not tensors.keys() <= context.rotations().keys():
            return False
    # On other devices layers cannot be told from those with a window.
    return not model.window or all(key.host for key, _ in tensors.values())


def require_queries(policy: Policy, shown: bool) -> None:
    """Make sure that what a policy needs can be had.

    Raises
    ------
    ModelError
        If it needs queries, and they are out of reach.
    """
    if policy.watch != "nothing" and not shown:
        raise ModelError(
            f"the queries of this model are out of reach; use {setting('policy', DEFAULT_POLICY)}"
        )


def without_rotations(run: Run, policy: Policy) -> Policy:
    """The policy to take where it is not known how the model rotates its keys."""
    run.recorder.warn(
        "how this model rotates its keys is out of reach, so they are compared as they are cached, "
        "which loses more of the middle of a text"
    )
    return as_cached(policy)
