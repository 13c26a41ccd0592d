"""What of a policy is within reach with the llama.cpp and the model that are here."""

from __future__ import annotations

from contextlib import closing

from keydiff_cli.errors import ModelError, setting
from keydiff_cli.eviction import Policy
from keydiff_cli.llama import Context, Model, can_observe
from keydiff_cli.policies import BLIND, as_cached, find_policy
from keydiff_cli.reading.run import Run

_FEW = 32  # cells and tokens, of a context that shows how it computes


def knows_rotations(model: Model, kv_type: str) -> bool:
    """Whether it is known how a model rotates the keys of each layer; found out without weights."""
    with closing(Context(model, cells=_FEW, batch=_FEW, kv_type=kv_type)) as context:
        tensors = context.cache_tensors()
        if tensors is None or not tensors.keys() <= context.rotations().keys():
            return False
    # On other devices layers cannot be told from those with a window.
    return not model.window or all(key.host for key, _ in tensors.values())


def observable(run: Run, policy: Policy) -> Policy:
    """A policy, or what takes its place where llama.cpp shows no queries and it needs them.

    Raises
    ------
    ModelError
        If that policy was asked for; any other one is replaced, with a warning.
    """
    if policy.watch == "nothing" or can_observe():
        return policy
    return without_queries(run)


def without_queries(run: Run) -> Policy:
    """The policy to take where queries are out of reach, unless one was asked for."""
    problem = "the queries of this model are out of reach"
    if run.settings.policy is not None:
        raise ModelError(f"{problem}; use {setting('policy', BLIND)}")
    run.recorder.warn(f"{problem}, so it is read by {BLIND}, which does not know the question")
    return find_policy(BLIND)


def without_rotations(run: Run, policy: Policy) -> Policy:
    """The policy to take where it is not known how the model rotates its keys."""
    run.recorder.warn(
        "how this model rotates its keys is out of reach, so they are compared as they are cached, "
        "which loses more of the middle of a text"
    )
    return as_cached(policy)
