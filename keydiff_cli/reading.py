"""One reading of documents: plan it, take up what an earlier one has left, read the rest."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from keydiff_cli import __version__, machine, models
from keydiff_cli.blocks import Block, Tokenizer, blocks
from keydiff_cli.cache import EvictionTimes, KVCache
from keydiff_cli.config import Settings, cache_path, format_size
from keydiff_cli.documents import Document
from keydiff_cli.errors import ModelError, UsageError
from keydiff_cli.eviction import Policy
from keydiff_cli.ingest import ingest, read_head
from keydiff_cli.llama import Context, Model, Tokens, can_observe
from keydiff_cli.memory import MIN_BUDGET, Footprint, Plan, Planner
from keydiff_cli.placement import placement_of
from keydiff_cli.policies import find_policy, policy_version
from keydiff_cli.prompts import (
    DEFAULT_SYSTEM,
    TALK_SYSTEM,
    Asked,
    Prompt,
    build_prompt,
    prompt_tokens,
)
from keydiff_cli.report import Events, Progress, Report
from keydiff_cli.snapshots import (
    Beginning,
    Keeper,
    SnapshotFile,
    open_store,
    skip,
    token_digest,
)
from keydiff_cli.stream import DocumentRecord, TokenStream

ASKING = "focus"  # the policy when the question is known before reading
BLIND = "keydiff"  # the policy when it is not, or where its queries cannot be had
_KEY_NAMES = {
    "keydiff": "version of keydiff",
    "llama_cpp_python": "version of llama-cpp-python",
    "model": "model",
    "gpu_layers": "number of layers on other devices",
    "head": "system prompt",
}


def locate_model(settings: Settings, events: Events) -> models.LocatedModel:
    """The model file, fetched first if it is in the catalogue and not here yet."""
    return models.require(
        settings.model,
        models.models_dir(settings.models_dir),
        offline=settings.offline,
        progress=events.fetching,
        log=events.note,
    )


def make_prompt(model: Model, settings: Settings, *, documents: bool = True) -> Prompt:
    """The prompt around documents and questions."""
    return build_prompt(model, system_prompt(settings, documents=documents))


def system_prompt(settings: Settings, *, documents: bool = True) -> str:
    """The system prompt of the settings, or the built-in one."""
    if settings.system is not None:
        return settings.system
    return DEFAULT_SYSTEM if documents else TALK_SYSTEM


def choose_policy(settings: Settings, question: str | None) -> Policy:
    """The policy of the settings, or the one that is best with or without a question.

    Raises
    ------
    UsageError
        If it reads for a question, and there is none.
    """
    policy = find_policy(settings.policy or (BLIND if question is None else ASKING))
    if policy.watch == "question" and question is None:
        raise UsageError(
            f"--policy {policy.name} reads for a question; without one use --policy {BLIND}"
        )
    return policy


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
    """One reading of documents, or of what a reading has left in a file.

    Parameters
    ----------
    report
        Filled in as it goes on.
    stack
        Closes what is held.
    process
        Bytes of this process before it read anything, if it has.
    checksum
        Report the model's SHA-256 even if nothing else needs it.
    """

    def __init__(
        self,
        settings: Settings,
        events: Events,
        report: Report,
        stack: ExitStack,
        *,
        process: int | None = None,
        checksum: bool = False,
    ) -> None:
        self.settings = settings
        self.process = process
        self._events = events
        self._report = report
        self._stack = stack
        self._checksum = checksum
        self._policy = find_policy(BLIND)
        self._question: str | None = None
        self._prompt = Prompt("", "", "")
        self._head: Tokens = np.empty(0, np.int32)
        self._asked = Asked(self._head, 0)
        self._longest = 0  # tokens of the longest text that the model was made for
        self._records: list[DocumentRecord] = []

    def warn(self, text: str) -> None:
        """Report something that may change an answer."""
        self._report.warnings.append(text)
        self._events.warning(text)

    # Reading ----------------------------------------------------------------------------------

    def read(self, located: models.LocatedModel, task: Task) -> Held:
        """Read documents.

        Raises
        ------
        KeydiffError
            Whatever stands in the way.
        """
        settings = self.settings
        self._policy, self._question = choose_policy(settings, task.question), task.question
        # Without weights it can tokenise and plan.
        with closing(self._model(located.path, weights=False)) as sketch:
            self._begin(located, sketch, documents=bool(task.sources))
            tokenizer = Tokenizer(sketch)
            stream = TokenStream(task.sources, task.stdin, tokenizer, task.piped)
            self._records = stream.records
            try:
                planner = self._planner(sketch, task.talk)
                plan, source = planner.fit(blocks(stream, settings.block, len(self._head)))
                self._longest = sketch.longest_text(plan.cells)
                keeper, beginning, source = self._find(planner, source)
                if beginning is not None and keeper.budget > planner.budget:
                    larger = planner.plan(keeper.budget)
                    if sketch.longest_text(larger.cells) == self._longest:
                        plan = larger
                    else:
                        keeper.close()
                        keeper, beginning = self._make_keeper(self._policy, planner), None
                self._check_plan(plan)
                sketch.close()  # before the model is loaded, that has the same vocabulary
                tokenizer.model = self._load(located.path)
                cache = self._open_cache(tokenizer.model, plan, planner.footprint)
                if keeper.key["policy"] != self._policy.name:  # queries proved out of reach
                    keeper.close()
                    keeper, beginning = self._make_keeper(self._policy, planner), None
                if beginning is not None:
                    source = self._take_up(cache, keeper, beginning, source)
                self._ingest(cache, plan, keeper, stream, source)
            finally:
                self._report.documents = [asdict(record) for record in stream.records]
        return self._hold(cache, keeper)

    def _begin(
        self,
        located: models.LocatedModel,
        model: Model,
        *,
        documents: bool,
        checksum: bool = False,
    ) -> None:
        """Describe the model, and make the prompt."""
        sha256 = located.sha256
        if sha256 is None and (checksum or self._checksum or self.settings.cache):
            sha256 = model_checksum(located.path)
        self._report.model = {
            "name": located.name,
            "path": str(located.path),
            "sha256": sha256,
            "architecture": model.architecture,
            "trained_context": model.trained_context,
            "gpu_layers": min(model.elsewhere, model.layers + 1),
        }
        self._prompt = make_prompt(model, self.settings, documents=documents)
        self._head, self._asked = prompt_tokens(model, self._prompt, self._question or "")
        self._report.tokens["prompt"] = len(self._head) + len(self._asked.ids)
        if self._policy.watch != "nothing" and not can_observe():
            self._policy = self._without_queries()

    def _without_queries(self) -> Policy:
        """The policy to take where queries are out of reach, unless one was asked for."""
        problem = "the queries of this model are out of reach"
        if self.settings.policy is not None:
            raise ModelError(f"{problem}; use --policy {BLIND}")
        self.warn(f"{problem}, so it is read by {BLIND}, which does not know the question")
        return find_policy(BLIND)

    def _planner(self, model: Model, talk: bool) -> Planner:
        settings, policy = self.settings, self._policy
        if policy.scorer is None and settings.budget is not None:
            self.warn(f"the budget of {settings.budget} tokens does not apply to --policy full")
        blind = self._question is None and settings.policy is None and not model.window
        planner = Planner(
            model,
            settings,
            policy,
            head=len(self._head),
            question=None if self._question is None else len(self._asked.ids),
            talk=talk,
            observe=blind and can_observe(),  # a budget that a reading for a question has, too
            process=self.process,
        )
        self.process = planner.footprint.process
        return planner

    def _check_plan(self, plan: Plan) -> None:
        self._report.memory_bytes.update(cap=self.settings.memory, planned=plan.total)
        if plan.total > (usable := machine.usable_memory()):
            self.warn(
                f"{format_size(plan.total)} are planned, but only {format_size(usable)} "
                "are free; give a smaller --memory"
            )

    def _model(self, path: Path, *, weights: bool = True) -> Model:
        return Model(path, weights=weights, placement=placement_of(self.settings))

    def _load(self, path: Path) -> Model:
        started = time.perf_counter()
        model = self._stack.enter_context(closing(self._model(path)))
        self._report.timing_s["load"] = time.perf_counter() - started
        return model

    def _open_cache(self, model: Model, plan: Plan, footprint: Footprint) -> KVCache:
        """A context with the planned cells, and its cache; closed with the stack."""
        started = time.perf_counter()
        context = Context(
            model,
            cells=plan.cells,
            batch=plan.block,
            kv_type=self.settings.kv_type,
            threads=self.settings.threads or machine.physical_cores(),
            observe=self._policy.observes,
        )
        self._stack.enter_context(closing(context))
        cache = KVCache(context)
        if self._policy.watch != "nothing" and not cache.shows_queries():
            self._policy = self._without_queries()
        if cache.access == "copy" and footprint.direct:
            self.warn(
                "the cache can be reached by copying only, which takes up to "
                f"{format_size(plan.kv)} more memory than planned"
            )
        self._report.timing_s["load"] += time.perf_counter() - started
        self._report.cache = {
            "policy": self._policy.name,
            "budget": plan.budget,
            "block": plan.block,
            "cells": context.cells,
            "bytes": plan.kv,
            "kv_type": self.settings.kv_type,
            "access": cache.access,
        }
        return cache

    def _ingest(
        self,
        cache: KVCache,
        plan: Plan,
        keeper: Keeper,
        stream: TokenStream,
        source: Iterator[Block],
    ) -> None:
        report, head = self._report, self._head
        started = time.perf_counter()
        reused = report.tokens["reused"]
        self._events.started(report)
        if not reused:
            read_head(cache, head, plan.block)

        def progress(block: Block) -> None:
            tokens = block.start - len(head) + len(block.ids)
            report.tokens["document"] = tokens
            report.tokens["kept"] = cache.used - len(head)
            keeper.after(block, cache)
            self._events.reading(
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
                policy=self._policy,
                budget=min(plan.budget, keeper.budget or plan.budget),
                question=self._asked,
                progress=progress,
            )
            keeper.finish(cache)
        finally:
            keeper.close()
            report.timing_s["ingest"] += time.perf_counter() - started
            report.timing_s["keep"] = keeper.seconds
            report.timing_s["score"] = cache.times.score
            report.timing_s["evict"] = cache.times.move
            self._events.read()
            for warning in stream.warnings:
                self.warn(warning)

    def _hold(self, cache: KVCache, keeper: Keeper) -> Held:
        """From now on questions and answers make room among themselves only."""
        cache.hold()
        intact, report = cache.intact, self._report
        report.stop_reason = "read"
        longest = cache.context.model.longest_text(cache.context.cells)
        read = report.tokens["document"] + report.tokens["prompt"]
        if read > longest > 0:
            self.warn(
                f"{read} tokens are more than the {longest} that the model was made for; "
                "what it says of such a long text may be wrong"
            )
        times = replace(cache.times)
        head, end = len(self._head), cache.position
        return Held(cache, keeper, self._prompt, head, end, intact, times)

    # Snapshots ------------------------------------------------------------------------------

    def _find(
        self, planner: Planner, source: Iterator[Block]
    ) -> tuple[Keeper, Beginning | None, Iterator[Block]]:
        """Look for what an earlier reading has left.

        Returns
        -------
        What keeps this reading, the snapshot to take up, and the blocks of the documents.
        """
        settings, policy = self.settings, self._policy
        limit = _limit(policy, planner)
        # What a cap allows differs between commands, and a little between runs: any budget will
        # do that was made for the same cap.
        least, most = (0, planner.limit) if planner.capped else (limit, limit)
        choices = [policy]
        if settings.policy is None and policy.watch == "question":
            choices.append(find_policy(BLIND))
        for choice in choices:
            keeper = self._make_keeper(choice, planner)
            beginning, source = keeper.begin(source, least, most)
            if beginning is None:
                continue
            if choice is policy or beginning.whole:
                self._policy = choice
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
        started = time.perf_counter()
        if not keeper.load(cache, beginning):
            return source
        self._report.tokens.update(
            document=beginning.tokens,
            reused=beginning.tokens,
            kept=cache.used - len(self._head),
        )
        self._report.timing_s["ingest"] = time.perf_counter() - started
        what = "all of it" if beginning.whole else f"the first {beginning.tokens} tokens"
        self._events.note(f"read before: {what}")
        asking = self._question is not None and self.settings.policy is None
        if asking and self._policy.watch != "question":
            self._events.note(
                f"answering from what {self._policy.name} has kept; --policy {ASKING} reads "
                "it again for this question"
            )
        return skip(source, beginning.tokens, self.settings.block)

    def _make_keeper(self, policy: Policy, planner: Planner) -> Keeper:
        settings, model = self.settings, self._report.model
        limit = _limit(policy, planner)
        asking = policy.watch == "question"
        key = {
            **_key(self._report, self._head),
            "policy": policy.name,
            "policy_version": policy_version(policy),
            "longest": self._longest,  # LongRoPE has two rotations
            "budget": limit,
            "memory": settings.memory if settings.budget is None and limit else None,
            "block": settings.block,
            "kv_type": settings.kv_type,
            "question": token_digest(self._asked.ids) if asking else None,
        }

        def label() -> dict[str, Any]:
            return {
                "model": model["name"],
                "kept": self._report.tokens["kept"],
                "question": self._question if asking else None,
                "documents": [asdict(record) for record in self._records],
            }

        store = open_store(settings, self.warn) if settings.cache else None
        remembers = policy.watch == "stream"
        room = 0 if remembers else policy.room(planner.budget)
        return Keeper(store, key, label, self.warn, room)

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
        description, report = file.description, self._report
        key = description["key"]
        self._policy, self._question = find_policy(key["policy"]), description["question"]
        with closing(self._model(located.path, weights=False)) as sketch:
            documents = description["documents"]
            self._begin(located, sketch, documents=bool(documents), checksum=True)
            for name, value in _key(report, self._head).items():
                if key[name] != value:
                    raise UsageError(
                        f"the snapshot is of another {_KEY_NAMES[name]}; read the document again"
                    )
            head = len(self._head)
            planner = Planner(sketch, self.settings, self._policy, head=head, process=self.process)
            plan = planner.plan(max(description["kept"], MIN_BUDGET, sketch.window))
            if key["longest"] != sketch.longest_text(plan.cells):
                raise UsageError("the snapshot is of a text of another length; read it again")
            if key["policy_version"] != policy_version(self._policy):
                raise UsageError("the snapshot is of another version of its policy; read it again")
        ready()
        self._check_plan(plan)
        cache = self._open_cache(self._load(located.path), plan, planner.footprint)
        shown = {name: description[name] for name in ("model", "kept", "question", "documents")}
        keeper = Keeper(None, key, lambda: shown, self.warn)
        keeper.restore(cache, file)
        report.documents = documents
        report.tokens.update(
            document=description["tokens"],
            reused=description["tokens"],
            kept=description["kept"],
        )
        return self._hold(cache, keeper)


def model_checksum(path: Path) -> str:
    """SHA-256 of a model file, remembered while the file stays as it is."""
    return models.checksum(path, cache_path() / "checksums")


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
