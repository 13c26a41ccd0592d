"""What an earlier reading has left: found, and taken up."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Any

from keydiff_cli.cache import KVCache
from keydiff_cli.errors import UsageError
from keydiff_cli.eviction import Policy
from keydiff_cli.llama import Tokens
from keydiff_cli.planning.memory import Planner
from keydiff_cli.policies import ASKING, BLIND, find_policy, policy_version
from keydiff_cli.reading.preparation import Preparation
from keydiff_cli.report import Report
from keydiff_cli.snapshots import Beginning, Keeper, open_store, skip, token_digest
from keydiff_cli.text.blocks import Block
from keydiff_cli.text.stream import DocumentRecord
from keydiff_cli.version import __version__

_KEY_NAMES = {
    "keydiff": "version of keydiff",
    "llama_cpp_python": "version of llama-cpp-python",
    "model": "model",
    "gpu_layers": "number of layers on other devices",
    "head": "system prompt",
}


@dataclass(frozen=True)
class Found:
    """What a reading goes on from.

    Attributes
    ----------
    policy
        By which it goes on.
    keeper
        Keeps it.
    beginning
        The snapshot to take up; None to begin anew.
    source
        The blocks of the documents, from the first one.
    """

    policy: Policy
    keeper: Keeper
    beginning: Beginning | None
    source: Iterator[Block]

    @property
    def budget(self) -> int:
        """Tokens that may stay in what is taken up; 0 for any number, or to begin anew."""
        return 0 if self.beginning is None else self.keeper.budget


class Resumption:
    """Looks for snapshots of the documents that are to be read, and takes one up.

    Parameters
    ----------
    preparation
        Has begun.
    planner
        Plans for the same.
    records
        Of the documents, filled in while they are read.
    longest
        Tokens of the longest text that the model was made for.
    """

    def __init__(
        self,
        preparation: Preparation,
        planner: Planner,
        records: Sequence[DocumentRecord],
        longest: int,
    ) -> None:
        self._preparation = preparation
        self._planner = planner
        self._records = records
        self._longest = longest

    def find(self, source: Iterator[Block]) -> Found:
        """Look for what an earlier reading of the same documents has left."""
        prepared, planner = self._preparation, self._planner
        settings, policy = prepared.settings, prepared.policy
        limit = self._limit(policy)
        # What a cap allows differs between commands, and a little between runs: any budget will
        # do that was made for the same cap.
        least, most = (0, planner.limit) if planner.capped else (limit, limit)
        choices = [policy]
        if settings.policy is None and policy.watch == "question":
            choices.append(prepared.within_reach(find_policy(BLIND)))
        for choice in choices:
            keeper = self._keeper(choice)
            beginning, source = keeper.begin(source, least, most)
            if beginning is not None and (choice is policy or beginning.whole):
                return Found(choice, keeper, beginning, source)
            keeper.close()
        return Found(policy, self._keeper(policy), None, source)

    def anew(self, found: Found) -> Found:
        """Leave what was found, and begin with nothing, by the policy that is prepared now."""
        found.keeper.close()
        policy = self._preparation.policy
        return Found(policy, self._keeper(policy), None, found.source)

    def take_up(self, cache: KVCache, found: Found) -> Iterator[Block]:
        """Fill the cache from a snapshot; returns the blocks that are still to be read."""
        prepared, beginning = self._preparation, found.beginning
        started = time.perf_counter()
        if beginning is None or not found.keeper.load(cache, beginning):
            return found.source
        prepared.report.tokens.update(
            document=beginning.tokens,
            reused=beginning.tokens,
            kept=cache.used - len(prepared.head),
        )
        prepared.report.timing_s["ingest"] = time.perf_counter() - started
        what = "all of it" if beginning.whole else f"the first {beginning.tokens} tokens"
        prepared.events.note(f"read before: {what}")
        asking = prepared.question is not None and prepared.settings.policy is None
        if asking and prepared.policy.watch != "question":
            prepared.events.note(
                f"answering from what {prepared.policy.name} has kept; --policy {ASKING} reads "
                "it again for this question"
            )
        return skip(found.source, beginning.tokens, prepared.settings.block)

    def _keeper(self, policy: Policy) -> Keeper:
        prepared = self._preparation
        settings, model = prepared.settings, prepared.report.model
        limit = self._limit(policy)
        asking = policy.watch == "question"
        key = {
            **_identity(prepared.report, prepared.head),
            "policy": policy.name,
            "policy_version": policy_version(policy),
            "longest": self._longest,  # LongRoPE has two rotations
            "budget": limit,
            "memory": settings.memory if settings.budget is None and limit else None,
            "block": settings.block,
            "kv_type": settings.kv_type,
            "question": token_digest(prepared.asked.ids) if asking else None,
        }

        def label() -> dict[str, Any]:
            return {
                "model": model["name"],
                "kept": prepared.report.tokens["kept"],
                "question": prepared.question if asking else None,
                "documents": [asdict(record) for record in self._records],
            }

        store = open_store(settings, prepared.warn) if settings.cache else None
        remembers = policy.watch == "stream"
        room = 0 if remembers else policy.room(self._planner.budget)
        return Keeper(store, key, label, prepared.warn, room)

    def _limit(self, policy: Policy) -> int:
        """The budget of a snapshot; 0 for none."""
        return 0 if policy.scorer is None else self._planner.budget


def require_identity(key: dict[str, Any], report: Report, head: Tokens) -> None:
    """Make sure that a snapshot is of this model, system prompt and version.

    Raises
    ------
    UsageError
        If it is not.
    KeyError
        If its key is not that of a snapshot.
    """
    for name, value in _identity(report, head).items():
        if key[name] != value:
            raise UsageError(
                f"the snapshot is of another {_KEY_NAMES[name]}; read the document again"
            )


def _identity(report: Report, head: Tokens) -> dict[str, Any]:
    """What a snapshot must agree with, whatever was read and how."""
    return {
        "keydiff": __version__,
        "llama_cpp_python": version("llama-cpp-python"),
        "model": report.model["sha256"],
        "gpu_layers": report.model["gpu_layers"],
        "head": token_digest(head),
    }
