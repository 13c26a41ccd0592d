"""What an earlier reading has left: found, and taken up."""

from __future__ import annotations

import time
from dataclasses import dataclass
from importlib.metadata import version

from keydiff_cli.cache import KVCache
from keydiff_cli.eviction import Policy
from keydiff_cli.planning.planner import Fit, observes
from keydiff_cli.policies import policy_version
from keydiff_cli.reading.positions import named_positions
from keydiff_cli.reading.preparation import Prepared
from keydiff_cli.reading.run import Run
from keydiff_cli.snapshots import (
    ArchiveForm,
    Beginning,
    SnapshotKey,
    Store,
    find_beginning,
    open_store,
    token_digest,
    what_changed,
)
from keydiff_cli.text.corpus import Corpus
from keydiff_cli.version import __version__


@dataclass(frozen=True)
class Start:
    """What a reading goes on from.

    Attributes
    ----------
    policy
        The policy that it goes on by.
    key
        The key of the snapshots that it writes.
    store
        The folder that they go to; None to keep nothing.
    beginning
        The snapshot to take up; None to begin anew.
    """

    policy: Policy
    key: SnapshotKey
    store: Store | None
    beginning: Beginning | None = None

    @property
    def budget(self) -> int:
        """Tokens that may stay in what is taken up; 0 for any number, or to begin anew."""
        return 0 if self.beginning is None else self.key.budget

    def close(self) -> None:
        """Close the file of the snapshot, if there is one: an open one cannot be removed."""
        if self.beginning is not None:
            self.beginning.close()


def make_key(
    run: Run, prepared: Prepared, policy: Policy, budget: int, longest: int
) -> SnapshotKey:
    """The key of a reading by a policy.

    Parameters
    ----------
    budget
        Tokens that may stay, if any have to go.
    longest
        Tokens of the longest text that the model was made for.
    """
    settings = run.settings
    limit = 0 if policy.scorer is None else budget
    return SnapshotKey(
        keydiff=__version__,
        llama_cpp_python=version("llama-cpp-python"),
        model=prepared.model.sha256,
        gpu_layers=prepared.model.gpu_layers,
        head=token_digest(prepared.head),
        policy=policy.name,
        policy_version=policy_version(policy),
        longest=longest,
        budget=limit,
        memory=settings.memory if settings.budget is None and limit else None,
        block=settings.block,
        kv_type=settings.kv_type,
        whole_windows=prepared.windowed and observes(settings, policy),
        question=token_digest(prepared.asked.ids) if policy.watch == "question" else None,
        positions=named_positions(settings),
    )


def find_start(run: Run, prepared: Prepared, fit: Fit, corpus: Corpus, longest: int) -> Start:
    """Look for what an earlier reading of the same documents has left."""
    policy, settings = prepared.policy, run.settings
    own = make_key(run, prepared, policy, fit.budget, longest)
    if not settings.cache:
        return Start(policy, own, None)
    store = open_store(settings, run.recorder.warn)
    beginning = find_beginning(
        store,
        own,
        corpus,
        room=unevicted_room(policy, fit.most),
        least=fit.least,
        most=fit.most,
        archived=ArchiveForm.of(settings),
    )
    if beginning is None:
        for name in what_changed(store, own, corpus):
            run.recorder.note(f"{name} changed", once=True)
        return Start(policy, own, store)
    run.stack.callback(beginning.close)
    return Start(policy, beginning.key, store, beginning)


def unevicted_room(policy: Policy, budget: int) -> int:
    """Tokens of which every head keeps all, and nothing more is remembered of any."""
    return 0 if policy.watch == "stream" else policy.room(budget)


def take_up(run: Run, prepared: Prepared, start: Start, cache: KVCache) -> Beginning | None:
    """Fill the cache from the snapshot, if there is one that is whole, and return that."""
    began = time.perf_counter()
    beginning = start.beginning
    if beginning is None or start.store is None or not beginning.load(start.store, cache):
        return None
    kept = cache.used - len(prepared.head)
    run.recorder.snapshot_loaded(beginning.tokens, kept, time.perf_counter() - began)
    what = "all of it" if beginning.whole else f"the first {beginning.tokens} tokens"
    run.recorder.note(f"read before: {what}")
    return beginning
