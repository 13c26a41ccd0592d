"""One reading of documents: plan it, take up what an earlier one has left, read the rest."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from typing import Any, BinaryIO

from keydiff_cli import __version__, models
from keydiff_cli.blocks import Block, Tokenizer, blocks
from keydiff_cli.cache import EvictionTimes, KVCache
from keydiff_cli.documents import Document
from keydiff_cli.errors import UsageError
from keydiff_cli.eviction import Policy
from keydiff_cli.ingest import ingest, read_head
from keydiff_cli.llama import Tokens
from keydiff_cli.memory import MIN_BUDGET, Plan, Planner
from keydiff_cli.policies import ASKING, BLIND, choose_policy, find_policy, policy_version
from keydiff_cli.preparation import Preparation
from keydiff_cli.prompts import Prompt
from keydiff_cli.report import Progress, Report
from keydiff_cli.snapshots import (
    Beginning,
    Keeper,
    SnapshotFile,
    open_store,
    skip,
    token_digest,
)
from keydiff_cli.stream import DocumentRecord, TokenStream

_KEY_NAMES = {
    "keydiff": "version of keydiff",
    "llama_cpp_python": "version of llama-cpp-python",
    "model": "model",
    "gpu_layers": "number of layers on other devices",
    "head": "system prompt",
}


@dataclass(frozen=True)
class Task:
    """What is to be read.

    Attributes
    ----------
    sources
        Paths; ``-`` is standard input.
    piped
        Standard input, if it is open already.
    question
        To read for, if it is known.
    talk
        Whether there are to be more questions than that one.
    """

    sources: Sequence[str]
    stdin: BinaryIO
    piped: Document | None
    question: str | None
    talk: bool


@dataclass
class Held:
    """Documents in a cache.

    Attributes
    ----------
    keeper
        Can write a snapshot of them.
    head
        Tokens before the documents.
    end
        Where questions begin, in tokens.
    intact
        Whether nothing of the documents was evicted.
    times
        Of evictions while they were read.
    """

    cache: KVCache
    keeper: Keeper
    prompt: Prompt
    head: int
    end: int
    intact: bool
    times: EvictionTimes


class Reading:
    """One reading of documents, or of what a reading has left in a file."""

    def __init__(self, preparation: Preparation) -> None:
        self._preparation = preparation
        self._longest = 0  # tokens of the longest text that the model was made for
        self._records: list[DocumentRecord] = []

    def read(self, located: models.LocatedModel, task: Task) -> Held:
        """Read documents.

        Raises
        ------
        KeydiffError
            Whatever stands in the way.
        """
        prepared, settings = self._preparation, self._preparation.settings
        policy = choose_policy(settings, task.question)
        # Without weights it can tokenise and plan.
        with closing(prepared.sketch(located.path)) as sketch:
            prepared.begin(located, sketch, policy, task.question, documents=bool(task.sources))
            tokenizer = Tokenizer(sketch)
            stream = TokenStream(task.sources, task.stdin, tokenizer, task.piped)
            self._records = stream.records
            try:
                planner = prepared.planner(sketch, task.talk)
                plan, source = planner.fit(blocks(stream, settings.block, len(prepared.head)))
                self._longest = sketch.longest_text(plan.cells)
                keeper, beginning, source = self._find(planner, source)
                if beginning is not None and keeper.budget > planner.budget:
                    larger = planner.plan(keeper.budget)
                    if sketch.longest_text(larger.cells) == self._longest:
                        plan = larger
                    else:
                        keeper.close()
                        keeper, beginning = self._make_keeper(prepared.policy, planner), None
                prepared.check_plan(plan)
                sketch.close()  # before the model is loaded, that has the same vocabulary
                tokenizer.model = prepared.load(located.path)
                cache = prepared.open_cache(tokenizer.model, plan, planner.footprint)
                if keeper.key["policy"] != prepared.policy.name:  # queries proved out of reach
                    keeper.close()
                    keeper, beginning = self._make_keeper(prepared.policy, planner), None
                if beginning is not None:
                    source = self._take_up(cache, keeper, beginning, source)
                self._ingest(cache, plan, keeper, stream, source)
            finally:
                prepared.report.documents = [asdict(record) for record in stream.records]
        return self._hold(cache, keeper)

    def _ingest(
        self,
        cache: KVCache,
        plan: Plan,
        keeper: Keeper,
        stream: TokenStream,
        source: Iterator[Block],
    ) -> None:
        prepared = self._preparation
        report, head = prepared.report, prepared.head
        started = time.perf_counter()
        reused = report.tokens["reused"]
        prepared.events.started(report)
        if not reused:
            read_head(cache, head, plan.block)

        def progress(block: Block) -> None:
            tokens = block.start - len(head) + len(block.ids)
            report.tokens["document"] = tokens
            report.tokens["kept"] = cache.used - len(head)
            keeper.after(block, cache)
            prepared.events.reading(
                Progress(
                    tokens,
                    tokens - reused,
                    time.perf_counter() - started,
                    stream.place(tokens),
                    cache.used - len(head),
                    plan.budget,
                )
            )

        try:
            ingest(
                cache,
                source,
                policy=prepared.policy,
                budget=min(plan.budget, keeper.budget or plan.budget),
                question=prepared.asked,
                progress=progress,
            )
            keeper.finish(cache)
        finally:
            keeper.close()
            report.timing_s["ingest"] += time.perf_counter() - started
            report.timing_s["keep"] = keeper.seconds
            report.timing_s["score"] = cache.times.score
            report.timing_s["evict"] = cache.times.move
            prepared.events.read()
            for warning in stream.warnings:
                prepared.warn(warning)

    def _hold(self, cache: KVCache, keeper: Keeper) -> Held:
        """From now on questions and answers make room among themselves only."""
        prepared = self._preparation
        cache.hold()
        intact, report = cache.intact, prepared.report
        report.stop_reason = "read"
        longest = cache.context.model.longest_text(cache.context.cells)
        read = report.tokens["document"] + report.tokens["prompt"]
        if read > longest > 0:
            prepared.warn(
                f"{read} tokens are more than the {longest} that the model was made for; "
                "what it says of such a long text may be wrong"
            )
        times = replace(cache.times)
        head, end = len(prepared.head), cache.position
        return Held(cache, keeper, prepared.prompt, head, end, intact, times)

    # Snapshots ------------------------------------------------------------------------------

    def _find(
        self, planner: Planner, source: Iterator[Block]
    ) -> tuple[Keeper, Beginning | None, Iterator[Block]]:
        """Look for what an earlier reading has left.

        Returns
        -------
        What keeps this reading, the snapshot to take up, and the blocks of the documents.
        """
        prepared = self._preparation
        settings, policy = prepared.settings, prepared.policy
        limit = _limit(policy, planner)
        # What a cap allows differs between commands, and a little between runs: any budget will
        # do that was made for the same cap.
        least, most = (0, planner.limit) if planner.capped else (limit, limit)
        choices = [policy]
        if settings.policy is None and policy.watch == "question":
            choices.append(prepared.within_reach(find_policy(BLIND)))
        for choice in choices:
            keeper = self._make_keeper(choice, planner)
            beginning, source = keeper.begin(source, least, most)
            if beginning is None:
                continue
            if choice is policy or beginning.whole:
                prepared.policy = choice
                return keeper, beginning, source
            keeper.close()
        return self._make_keeper(policy, planner), None, source

    def _take_up(
        self,
        cache: KVCache,
        keeper: Keeper,
        beginning: Beginning,
        source: Iterator[Block],
    ) -> Iterator[Block]:
        """Fill the cache from a snapshot; returns the blocks that are still to be read."""
        prepared = self._preparation
        started = time.perf_counter()
        if not keeper.load(cache, beginning):
            return source
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
        return skip(source, beginning.tokens, prepared.settings.block)

    def _make_keeper(self, policy: Policy, planner: Planner) -> Keeper:
        prepared = self._preparation
        settings, model = prepared.settings, prepared.report.model
        limit = _limit(policy, planner)
        asking = policy.watch == "question"
        key = {
            **_key(prepared.report, prepared.head),
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
        room = 0 if remembers else policy.room(planner.budget)
        return Keeper(store, key, label, prepared.warn, room)

    def load(
        self, located: models.LocatedModel, file: SnapshotFile, ready: Callable[[], None]
    ) -> Held:
        """Take up what :meth:`Keeper.save` has written to a verified file.

        ``ready`` is called when it is clear that it will do.

        Raises
        ------
        UsageError
            If it is of another model, system prompt or version.
        DamagedError, KeyError, TypeError
            If it is not what it should be.
        """
        prepared, report = self._preparation, self._preparation.report
        description, key = file.description, file.description["key"]
        policy, question = find_policy(key["policy"]), description["question"]
        with closing(prepared.sketch(located.path)) as sketch:
            documents = bool(description["documents"])
            prepared.begin(located, sketch, policy, question, documents=documents, taken_up=True)
            for name, value in _key(report, prepared.head).items():
                if key[name] != value:
                    raise UsageError(
                        f"the snapshot is of another {_KEY_NAMES[name]}; read the document again"
                    )
            head = len(prepared.head)
            planner = Planner(
                sketch,
                prepared.settings,
                prepared.policy,
                head=head,
                process=prepared.process,
            )
            plan = planner.plan(max(description["kept"], MIN_BUDGET, sketch.window))
            if key["longest"] != sketch.longest_text(plan.cells):
                raise UsageError("the snapshot is of a text of another length; read it again")
            if key["policy_version"] != policy_version(prepared.policy):
                raise UsageError("the snapshot is of another version of its policy; read it again")
        ready()
        prepared.check_plan(plan)
        cache = prepared.open_cache(prepared.load(located.path), plan, planner.footprint)
        shown = {name: description[name] for name in ("model", "kept", "question", "documents")}
        keeper = Keeper(None, key, lambda: shown, prepared.warn)
        keeper.restore(cache, file)
        report.documents = description["documents"]
        report.tokens.update(
            document=description["tokens"],
            reused=description["tokens"],
            kept=description["kept"],
        )
        return self._hold(cache, keeper)


def _limit(policy: Policy, planner: Planner) -> int:
    """The budget of a snapshot; 0 for none."""
    return 0 if policy.scorer is None else planner.budget


def _key(report: Report, head: Tokens) -> dict[str, Any]:
    """What a snapshot must agree with, whatever was read and how."""
    return {
        "keydiff": __version__,
        "llama_cpp_python": version("llama-cpp-python"),
        "model": report.model["sha256"],
        "gpu_layers": report.model["gpu_layers"],
        "head": token_digest(head),
    }
