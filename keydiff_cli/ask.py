"""Asking: documents and a question in, an answer and a report out."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict
from typing import Any, BinaryIO

from keydiff_cli import machine, models
from keydiff_cli.answer import Answer, Sampler
from keydiff_cli.blocks import Block, Tokenizer, blocks
from keydiff_cli.cache import KVCache
from keydiff_cli.config import Settings, cache_path, format_size
from keydiff_cli.errors import ModelError
from keydiff_cli.eviction import Policy
from keydiff_cli.ingest import ingest, read_head
from keydiff_cli.llama import Context, Model, Tokens, can_observe
from keydiff_cli.memory import Plan, Planner
from keydiff_cli.policies import find_policy
from keydiff_cli.prompts import DEFAULT_SYSTEM, Asked, Prompt, build_prompt, prompt_tokens
from keydiff_cli.report import Events, Progress, Report
from keydiff_cli.stream import TokenStream, check_sources

_QUESTION_TOKENS = 256  # assumed where the question is not known yet
_ASKING = "focus"  # the policy when the question is known before reading
_BLIND = "keydiff"  # the policy where its queries cannot be had


def locate_model(settings: Settings, events: Events) -> models.LocatedModel:
    """The model file, fetched first if it is in the catalogue and not here yet."""
    return models.require(
        settings.model,
        models.models_dir(settings.models_dir),
        offline=settings.offline,
        progress=events.fetching,
        log=events.note,
    )


class Run:
    """One question to some documents.

    Parameters
    ----------
    checksum
        Report the model's SHA-256 even if that means hashing the file.
    """

    def __init__(
        self, settings: Settings, events: Events | None = None, *, checksum: bool = False
    ) -> None:
        self.settings = settings
        self.events = events or Events()
        self.report = Report()
        self._checksum = checksum
        self._threads = settings.threads or machine.physical_cores()
        self._started = time.perf_counter()

    def ask(self, sources: Sequence[str], question: str, stdin: BinaryIO) -> Report:
        """Read the documents and answer the question.

        Ctrl-C ends the run early: the report then says ``interrupted`` and holds what there is.

        Raises
        ------
        KeydiffError
            Whatever stands in the way; its ``status`` is the exit status.
        """
        try:
            self._ask(sources, question, stdin)
        except KeyboardInterrupt:
            self.events.read()
            self.report.stop_reason = "interrupted"
        finally:
            self.report.timing_s["total"] = time.perf_counter() - self._started
            self.report.memory_bytes["peak"] = machine.peak()
        self._check_peak()
        return self.report

    def _ask(self, sources: Sequence[str], question: str, stdin: BinaryIO) -> None:
        settings, report = self.settings, self.report
        policy = find_policy(settings.policy or _ASKING)
        with ExitStack() as stack:
            piped = check_sources(sources, stdin)
            if piped is not None:
                stack.enter_context(piped)
            located = locate_model(settings, self.events)
            # Without weights first: enough to tokenise the start of the documents and to plan.
            sketch = stack.enter_context(closing(Model(located.path, weights=False)))
            head, asked = prompt_tokens(sketch, _prompt(sketch, settings), question)
            tokenizer = Tokenizer(sketch)
            stream = TokenStream(sources, stdin, tokenizer, piped)
            report.model = self._describe(located, sketch)
            report.tokens["prompt"] = len(head) + len(asked.ids)
            if policy.watch != "nothing" and not can_observe():
                policy = self._without_queries()
            try:
                if policy.scorer is None and settings.budget is not None:
                    self._warn(
                        f"the budget of {settings.budget} tokens does not apply to --policy full"
                    )
                planner = Planner(sketch, settings, policy, prompt=report.tokens["prompt"])
                plan, source = planner.fit(blocks(stream, settings.block, len(head)))
                report.memory_bytes.update(cap=settings.memory, planned=plan.total)
                if plan.total > (usable := machine.usable_memory()):
                    self._warn(
                        f"{format_size(plan.total)} are planned, but only {format_size(usable)} "
                        "are free; give a smaller --memory"
                    )
                loading = time.perf_counter()
                sketch.close()  # first, so that its vocabulary is not in memory twice
                tokenizer.model = stack.enter_context(closing(Model(located.path)))
                cache = self._cache(stack, tokenizer.model, plan, policy)
                if policy.watch != "nothing" and not cache.shows_queries():
                    policy = self._without_queries()
                if cache.access == "copy" and not planner.footprint.copies:
                    self._warn(
                        "the cache can be reached by copying only, which takes up to "
                        f"{format_size(plan.kv)} more memory than planned"
                    )
                report.timing_s["load"] = time.perf_counter() - loading
                report.cache = {
                    "policy": policy.name,
                    "budget": plan.budget,
                    "block": plan.block,
                    "cells": cache.context.cells,
                    "bytes": plan.kv,
                    "kv_type": settings.kv_type,
                    "access": cache.access,
                }
                self.events.started(report)
                self._read(cache, policy, plan, head, asked, source, stream)
                self._answer(cache, policy, asked)
            finally:
                report.documents = [asdict(record) for record in stream.records]

    def _without_queries(self) -> Policy:
        """The policy to take where queries are out of reach, unless one was asked for."""
        problem = "the queries of this model are out of reach"
        if self.settings.policy is not None:
            raise ModelError(f"{problem}; use --policy {_BLIND}")
        self._warn(f"{problem}, so it is read by {_BLIND}, which does not know the question")
        return find_policy(_BLIND)

    def _cache(self, stack: ExitStack, model: Model, plan: Plan, policy: Policy) -> KVCache:
        """A context with the planned cells, and its cache; closed with the stack."""
        context = Context(
            model,
            cells=plan.cells,
            batch=plan.block,
            kv_type=self.settings.kv_type,
            threads=self._threads,
            observe=policy.observes,
        )
        stack.enter_context(closing(context))
        return stack.enter_context(closing(KVCache(context)))

    def _describe(self, located: models.LocatedModel, model: Model) -> dict[str, Any]:
        sha256 = located.sha256
        if sha256 is None and self._checksum:
            sha256 = models.checksum(located.path, cache_path() / "checksums")
        return {
            "name": located.name,
            "path": str(located.path),
            "sha256": sha256,
            "architecture": model.architecture,
            "trained_context": model.trained_context,
        }

    def _read(
        self,
        cache: KVCache,
        policy: Policy,
        plan: Plan,
        head: Tokens,
        asked: Asked,
        source: Iterator[Block],
        stream: TokenStream,
    ) -> None:
        report, model = self.report, cache.context.model
        started = time.perf_counter()
        read_head(cache, head, plan.block)

        def progress(block: Block) -> None:
            tokens = block.start - len(head) + len(block.ids)
            report.tokens["document"] = tokens
            report.tokens["kept"] = cache.used - len(head)
            self.events.reading(
                Progress(
                    tokens,
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
                policy=policy,
                budget=plan.budget,
                question=asked,
                progress=progress,
            )
        finally:
            report.timing_s["ingest"] = time.perf_counter() - started
            self._note_times(cache)
            self.events.read()
            for warning in stream.warnings:
                self._warn(warning)
        read = report.tokens["document"] + report.tokens["prompt"]
        longest = model.longest_text(cache.context.cells)
        if read > longest > 0:
            self._warn(
                f"{read} tokens are more than the {longest} that the model was made for; "
                "what it says of such a long text may be wrong"
            )

    def _answer(self, cache: KVCache, policy: Policy, asked: Asked) -> None:
        settings, report = self.settings, self.report
        answer = Answer(
            cache,
            asked,
            policy=policy,
            block=settings.block,
            max_tokens=settings.max_tokens,
            sampler=Sampler(settings.temperature, settings.seed),
        )
        started = time.perf_counter()
        try:
            for text in answer:
                if not report.answer:
                    report.timing_s["first_token"] = time.perf_counter() - started
                report.answer += text
                self.events.text(text)
        finally:
            report.timing_s["answer"] = time.perf_counter() - started
            self._note_times(cache)
            report.tokens["generated"] = len(answer.tokens)
            report.stop_reason = answer.stop_reason
        if not report.answer.strip():
            self._warn("the model gave an empty answer; ask in other words, or use another model")
        if answer.stop_reason == "length":
            self._warn(
                f"the answer stopped at --max-tokens {settings.max_tokens}; it may be incomplete"
            )

    def _note_times(self, cache: KVCache) -> None:
        self.report.timing_s["score"] = cache.times.score
        self.report.timing_s["evict"] = cache.times.move

    def _check_peak(self) -> None:
        cap, peak = self.settings.memory, self.report.memory_bytes["peak"] or 0
        if cap is not None and peak > cap:
            self._warn(
                f"peak memory {format_size(peak)} passed the cap of {format_size(cap)}; "
                "please report it with the document's kind and size"
            )

    def _warn(self, text: str) -> None:
        self.report.warnings.append(text)
        self.events.warning(text)


def _prompt(model: Model, settings: Settings) -> Prompt:
    return build_prompt(model, DEFAULT_SYSTEM if settings.system is None else settings.system)


def sketch_plan(settings: Settings, events: Events) -> dict[str, Any]:
    """What ``keydiff plan`` shows: sizes in bytes, budget, block and cells in tokens."""
    located = locate_model(settings, events)
    with closing(Model(located.path, weights=False)) as model:
        head, asked = prompt_tokens(model, _prompt(model, settings), "")
        prompt = len(head) + len(asked.ids)
        policy = find_policy(settings.policy or (_ASKING if can_observe() else _BLIND))
        plan = Planner(model, settings, policy, prompt=prompt + _QUESTION_TOKENS).plan()
        trained_context = model.trained_context
    return {
        "model": located.name,
        "trained_context": trained_context,
        "policy": policy.name,
        "kv_type": settings.kv_type,
        "budget": plan.budget,
        "block": plan.block,
        "cells": plan.cells,
        "weights_bytes": plan.weights,
        "kv_bytes": plan.kv,
        "compute_bytes": plan.compute,
        "other_bytes": plan.other,
        "planned_bytes": plan.total,
        "cap_bytes": plan.cap,
    }
