"""Asking: documents and a question in, an answer and a report out."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from keydiff_cli import memory, models
from keydiff_cli.answer import Answer, Sampler
from keydiff_cli.blocks import Block, Tokenizer, blocks
from keydiff_cli.cache import KVCache
from keydiff_cli.config import Settings, format_size
from keydiff_cli.errors import MemoryCapError
from keydiff_cli.eviction import POLICIES, Policy
from keydiff_cli.ingest import ingest
from keydiff_cli.llama import Context, Model, Tokens
from keydiff_cli.prompts import DEFAULT_SYSTEM, Prompt, build_prompt
from keydiff_cli.stream import Place, TokenStream, check_sources


@dataclass(frozen=True)
class Progress:
    """Reading so far: tokens of the documents, seconds, cells in use of those for them."""

    tokens: int
    seconds: float
    place: Place | None
    cells: int
    budget: int


class Events:
    """What a front end may want to show; does nothing by itself."""

    def note(self, text: str) -> None:
        """Something the user should know, in one line."""

    def warning(self, text: str) -> None:
        """Something that may change the answer, in one line."""

    def fetching(self, done: int, total: int) -> None:
        """Bytes of the model fetched so far."""

    def started(self, report: Report) -> None:
        """The plan is made; model and cache sizes are in the report."""

    def reading(self, progress: Progress) -> None:
        """A block was read."""

    def read(self) -> None:
        """Reading is over."""

    def text(self, text: str) -> None:
        """A piece of the answer."""


@dataclass
class Report:
    """Everything about one run; :meth:`as_json` is the documented schema."""

    answer: str = ""
    stop_reason: str = "interrupted"
    model: dict[str, Any] = field(default_factory=dict)
    documents: list[dict[str, Any]] = field(default_factory=list)
    cache: dict[str, Any] = field(default_factory=dict)
    tokens: dict[str, int] = field(
        default_factory=lambda: {"document": 0, "prompt": 0, "kept": 0, "generated": 0}
    )
    timing_s: dict[str, float] = field(
        default_factory=lambda: dict.fromkeys(
            ("load", "ingest", "score", "evict", "first_token", "answer", "total"), 0.0
        )
    )
    memory_bytes: dict[str, int | None] = field(
        default_factory=lambda: dict.fromkeys(("cap", "planned", "peak"))
    )
    warnings: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """The report as plain data: ``docs/json.md``."""
        data = asdict(self)
        data["timing_s"] = {name: round(value, 4) for name, value in self.timing_s.items()}
        return data


def models_folder(settings: Settings) -> Path:
    """Where models are kept."""
    chosen = settings.models_dir
    return models.models_dir(Path(chosen).expanduser() if chosen else None)


def locate_model(settings: Settings, events: Events) -> models.LocatedModel:
    """The model file, fetched first if it is in the catalogue and not here yet."""
    return models.require(
        settings.model,
        models_folder(settings),
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
        self._threads = settings.threads or memory.physical_cores()
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
            self.report.memory_bytes["peak"] = memory.peak()
        self._check_peak()
        return self.report

    def _ask(self, sources: Sequence[str], question: str, stdin: BinaryIO) -> None:
        settings, report = self.settings, self.report
        piped = check_sources(sources, stdin)
        located = locate_model(settings, self.events)
        with ExitStack() as stack:
            # Without weights first: enough to tokenise the start of the documents and to plan.
            sketch = stack.enter_context(closing(Model(located.path, weights=False)))
            prompt = build_prompt(
                sketch, DEFAULT_SYSTEM if settings.system is None else settings.system
            )
            head, asked = prompt_tokens(sketch, prompt, question)
            tokenizer = Tokenizer(sketch)
            stream = TokenStream(sources, stdin, tokenizer, piped)
            report.model = self._describe(located, sketch)
            report.tokens["prompt"] = len(head) + len(asked)
            policy = POLICIES[settings.policy]
            try:
                plan, start = self._plan(sketch, policy, stream, len(head), len(asked))
                loading = time.perf_counter()
                sketch.close()  # first, so that its vocabulary is not in memory twice
                tokenizer.model = stack.enter_context(closing(Model(located.path)))
                cache = self._cache(stack, tokenizer.model, plan)
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
                self._read(cache, policy, plan, head, start, stream)
                self._answer(cache, policy, asked)
            finally:
                report.documents = [asdict(record) for record in stream.records]

    def _cache(self, stack: ExitStack, model: Model, plan: memory.Plan) -> KVCache:
        """A context with the planned cells, and its cache; closed with the stack."""
        context = Context(
            model,
            cells=plan.cells,
            batch=plan.block,
            kv_type=self.settings.kv_type,
            threads=self._threads,
        )
        stack.enter_context(closing(context))
        return stack.enter_context(closing(KVCache(context)))

    def _describe(self, located: models.LocatedModel, model: Model) -> dict[str, Any]:
        sha256 = located.sha256
        if sha256 is None and self._checksum:
            from platformdirs import user_cache_path

            cache = user_cache_path("keydiff", appauthor=False) / "checksums"
            sha256 = models.checksum(located.path, cache)
        return {
            "name": located.name,
            "path": str(located.path),
            "sha256": sha256,
            "architecture": model.architecture,
            "trained_context": model.trained_context,
        }

    def _plan(
        self, model: Model, policy: Policy, stream: TokenStream, head: int, question: int
    ) -> tuple[memory.Plan, Iterator[Block]]:
        """Plan the memory, after reading as much of the documents as fits a budget.

        Returns
        -------
        The plan, with a budget no larger than the documents, and all blocks of them.
        """
        settings = self.settings
        footprint = memory.measure(model, block=settings.block, kv_type=settings.kv_type)
        full = policy.scorer is None
        answer = settings.max_tokens if full else min(settings.max_tokens, memory.ANSWER_CELLS)
        room = head + question + answer
        cap, budget = settings.memory, settings.budget
        if full:
            if budget is not None:
                self._warn(f"the budget of {budget} tokens does not apply to --policy full")
            cap, budget = cap or memory.physical_memory(), None

        def plan(tokens: int | None) -> memory.Plan:
            return memory.make_plan(
                footprint,
                cap=cap,
                budget=tokens,
                block=settings.block,
                room=room,
                window=0 if full else model.window,
                largest=2**24 if full else model.trained_context,
            )

        chosen = plan(budget)
        source = blocks(stream, settings.block, head)
        start: list[Block] = []
        read = 0
        for block in source:
            start.append(block)
            read += len(block.ids)
            if read > chosen.budget:
                break
        if read <= chosen.budget:
            smaller = max(read, memory.MIN_BUDGET, model.window)
            chosen = plan(min(smaller, chosen.budget))
        elif full:
            read += sum(len(block.ids) for block in source)
            cells = memory.cells_for(read, block=settings.block, room=room)
            needed = memory.megabytes(footprint.total(cells))
            raise MemoryCapError(
                f"the document has {read} tokens, which do not fit the full cache in "
                f"{format_size(cap or 0)}: the smallest cap that works is {needed}MB; "
                "or use --policy keydiff"
            )
        self.report.memory_bytes.update(cap=settings.memory, planned=chosen.total)
        return chosen, chain(start, source)

    def _read(
        self,
        cache: KVCache,
        policy: Policy,
        plan: memory.Plan,
        head: Tokens,
        source: Iterator[Block],
        stream: TokenStream,
    ) -> None:
        report, model = self.report, cache.context.model
        started = time.perf_counter()
        for first in range(0, len(head), plan.block):
            cache.append(head[first : first + plan.block])
        cache.pin(0, len(head))

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
            ingest(cache, source, policy=policy, budget=plan.budget, progress=progress)
        finally:
            report.timing_s["ingest"] = time.perf_counter() - started
            self._note_times(cache)
            self.events.read()
        for warning in stream.warnings:
            self._warn(warning)
        read = report.tokens["document"] + report.tokens["prompt"]
        if read > model.trained_context:
            self._warn(
                f"{read} tokens are more than the {model.trained_context} that the model was "
                "trained for; what it says of such a long text may be wrong"
            )

    def _answer(self, cache: KVCache, policy: Policy, asked: Tokens) -> None:
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


def sketch_plan(settings: Settings, events: Events) -> dict[str, Any]:
    """What ``keydiff plan`` shows: sizes in bytes, budget, block and cells in tokens."""
    located = locate_model(settings, events)
    model = Model(located.path, weights=False)
    trained_context = model.trained_context
    try:
        head, asked = prompt_tokens(model, build_prompt(model), "")
        footprint = memory.measure(model, block=settings.block, kv_type=settings.kv_type)
        answer = min(settings.max_tokens, memory.ANSWER_CELLS)
        plan = memory.make_plan(
            footprint,
            cap=settings.memory,
            budget=settings.budget,
            block=settings.block,
            room=len(head) + len(asked) + memory.QUESTION_TOKENS + answer,
            window=model.window,
            largest=trained_context,
        )
    finally:
        model.close()
    return {
        "model": located.name,
        "trained_context": trained_context,
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


def prompt_tokens(model: Model, prompt: Prompt, question: str) -> tuple[Tokens, Tokens]:
    """Tokens before the document and after it; only the template's own may be special ones."""
    head = model.tokenize(prompt.head, special=True)
    if model.adds_bos and (len(head) == 0 or head[0] != model.bos):
        head = np.concatenate(([np.int32(model.bos)], head)).astype(np.int32)
    after = (
        model.tokenize(prompt.middle + question),
        model.tokenize(prompt.tail, special=True),
    )
    return head, np.concatenate(after)
