"""One reading of documents: plan it, take up what an earlier one has left, read the rest."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from typing import BinaryIO

from keydiff_cli import models
from keydiff_cli.cache import EvictionTimes, KVCache
from keydiff_cli.documents import Document
from keydiff_cli.engine.ingest import ingest, read_head
from keydiff_cli.errors import UsageError
from keydiff_cli.planning.memory import MIN_BUDGET, Plan, Planner
from keydiff_cli.policies import choose_policy, find_policy, policy_version
from keydiff_cli.reading.preparation import Preparation
from keydiff_cli.reading.resume import Resumption, require_identity
from keydiff_cli.report import Progress
from keydiff_cli.snapshots import (
    Keeper,
    SnapshotFile,
)
from keydiff_cli.text.blocks import Block, Tokenizer, blocks
from keydiff_cli.text.prompts import Prompt
from keydiff_cli.text.stream import TokenStream


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
            try:
                planner = prepared.planner(sketch, task.talk)
                plan, source = planner.fit(blocks(stream, settings.block, len(prepared.head)))
                longest = sketch.longest_text(plan.cells)
                resumption = Resumption(prepared, planner, stream.records, longest)
                found = resumption.find(source)
                prepared.policy = found.policy
                if found.budget > planner.budget:
                    larger = planner.plan(found.budget)
                    if sketch.longest_text(larger.cells) == longest:
                        plan = larger
                    else:
                        found = resumption.anew(found)
                prepared.check_plan(plan)
                sketch.close()  # before the model is loaded, that has the same vocabulary
                tokenizer.model = prepared.load(located.path)
                cache = prepared.open_cache(tokenizer.model, plan, planner.footprint)
                if found.policy.name != prepared.policy.name:  # queries proved out of reach
                    found = resumption.anew(found)
                keeper, source = found.keeper, resumption.take_up(cache, found)
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
            require_identity(key, report, prepared.head)
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
