"""Reading documents with a model, and answering questions about them."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, BinaryIO

from keydiff_cli import __version__, machine, models
from keydiff_cli.answer import Answer, Sampler
from keydiff_cli.blocks import Block, Tokenizer, blocks
from keydiff_cli.cache import KVCache
from keydiff_cli.config import Settings, cache_path, format_size
from keydiff_cli.errors import DocumentError, KeydiffError, ModelError, UsageError
from keydiff_cli.eviction import Policy
from keydiff_cli.ingest import ingest, read_head
from keydiff_cli.llama import Context, Model, Tokens, can_observe
from keydiff_cli.memory import MIN_BUDGET, Footprint, Plan, Planner
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
    DamagedError,
    Keeper,
    SnapshotFile,
    open_store,
    skip,
    token_digest,
)
from keydiff_cli.stream import TokenStream, check_sources, is_pipe

ASKING = "focus"  # the policy when the question is known before reading
BLIND = "keydiff"  # the policy when it is not, or where its queries cannot be had
_KEY_NAMES = {
    "keydiff": "version of keydiff",
    "llama_cpp_python": "version of llama-cpp-python",
    "model": "model",
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


@dataclass
class _Reading:
    """What is read, for which question, by which policy; ``talk`` if more questions follow."""

    head: Tokens
    asked: Asked
    question: str | None
    policy: Policy
    stream: TokenStream
    talk: bool
    longest: int = 0  # tokens of the longest text that the model was made for


class Reader:
    """Documents that a model reads once, and any number of questions to them.

    Parameters
    ----------
    settings
        What ``keydiff config`` shows; None for the defaults.
    events
        Told what goes on.
    checksum
        Report the model's SHA-256 even if nothing else needs it.

    Attributes
    ----------
    report : Report
        What was read and answered last, with sizes and timings.
    cache : KVCache or None
        What was read; None before.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        events: Events | None = None,
        *,
        checksum: bool = False,
    ) -> None:
        self.settings = settings or Settings()
        self.events = events or Events()
        self.report = Report()
        self.cache: KVCache | None = None
        self.prompt = Prompt("", "", "")
        self._checksum = checksum
        self._stack = ExitStack()
        self._keeper: Keeper | None = None
        self._head = 0  # tokens before the documents
        self._end = 0  # where questions begin, in tokens
        self._times = (0.0, 0.0)  # of scoring and moving, while reading
        self._process: int | None = None  # bytes of the process before anything was read
        self._again: Callable[[], None] | None = None

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Free the model and what it has read."""
        self.cache = self._keeper = None
        self._stack.close()

    # Reading --------------------------------------------------------------------------------

    def read(
        self,
        sources: Sequence[str],
        *,
        question: str | None = None,
        talk: bool = True,
        stdin: BinaryIO | None = None,
    ) -> None:
        """Read documents, in place of those read before.

        What an earlier reading has left in the store is taken up, unless ``settings.cache`` is
        off.

        Parameters
        ----------
        sources
            Paths; ``-`` is standard input. Without any the questions are about nothing.
        question
            Read for this question, if the policy looks at one.
        talk
            Leave room for other questions than that one: ``settings.conversation`` tokens.

        Raises
        ------
        KeydiffError
            Whatever stands in the way; its ``status`` is the exit status. What was read before
            is still there if it is found out before anything is read.
        """
        policy = self._choose_policy(question)
        stdin = sys.stdin.buffer if stdin is None else stdin
        piped = check_sources(sources, stdin)
        located = locate_model(self.settings, self.events)
        self.close()  # not before it is clear that there is something else to read
        if piped is not None:
            self._stack.enter_context(piped)
        self.report = Report()
        once = any(source == "-" or is_pipe(source) for source in sources)
        again = partial(self.read, sources, question=question, talk=talk)
        self._again = None if once else again
        with closing(Model(located.path, weights=False)) as sketch:  # it can tokenise and plan
            self.report.model = self._describe(located, sketch)
            self.prompt = make_prompt(sketch, self.settings, documents=bool(sources))
            head, asked = prompt_tokens(sketch, self.prompt, question or "")
            tokenizer = Tokenizer(sketch)
            stream = TokenStream(sources, stdin, tokenizer, piped)
            if policy.watch != "nothing" and not can_observe():
                policy = self._without_queries()
            reading = _Reading(head, asked, question, policy, stream, talk)
            try:
                planner = self._planner(sketch, reading)
                plan, source = planner.fit(blocks(stream, self.settings.block, len(head)))
                reading.longest = sketch.longest_text(plan.cells)
                keeper, beginning, source = self._find(planner, reading, source)
                if beginning is not None and keeper.budget > plan.budget:
                    plan = planner.plan(keeper.budget)
                self._check_plan(plan)
                sketch.close()  # before the model is loaded, that has the same vocabulary
                tokenizer.model = self._load(located.path)
                cache = self._open_cache(tokenizer.model, plan, planner.footprint, reading)
                if keeper.key["policy"] != reading.policy.name:  # queries proved out of reach
                    keeper.close()
                    keeper = self._make_keeper(reading.policy, planner.limit, reading)
                    beginning = None
                if beginning is not None:
                    source = self._take_up(cache, keeper, beginning, reading, source)
                self._ingest(cache, plan, keeper, reading, source)
            finally:
                self.report.documents = [asdict(record) for record in stream.records]
        self._settle(cache, len(head))

    def reread(self) -> None:
        """Read what was read last once more, or take it up from a snapshot.

        Raises
        ------
        UsageError
            If it came through standard input, or nothing was read.
        """
        if self._again is None:
            raise UsageError("what came through standard input cannot be read again")
        self._again()

    def _choose_policy(self, question: str | None) -> Policy:
        policy = find_policy(self.settings.policy or (BLIND if question is None else ASKING))
        if policy.watch == "question" and question is None:
            raise UsageError(
                f"--policy {policy.name} reads for a question; without one use --policy {BLIND}"
            )
        return policy

    def _without_queries(self) -> Policy:
        """The policy to take where queries are out of reach, unless one was asked for."""
        problem = "the queries of this model are out of reach"
        if self.settings.policy is not None:
            raise ModelError(f"{problem}; use --policy {BLIND}")
        self.warn(f"{problem}, so it is read by {BLIND}, which does not know the question")
        return find_policy(BLIND)

    def _planner(self, model: Model, reading: _Reading) -> Planner:
        settings, policy = self.settings, reading.policy
        self.report.tokens["prompt"] = len(reading.head) + len(reading.asked.ids)
        if policy.scorer is None and settings.budget is not None:
            self.warn(f"the budget of {settings.budget} tokens does not apply to --policy full")
        blind = reading.question is None and settings.policy is None and not model.window
        planner = Planner(
            model,
            settings,
            policy,
            head=len(reading.head),
            question=None if reading.question is None else len(reading.asked.ids),
            talk=reading.talk,
            observe=blind and can_observe(),  # a budget that a reading for a question has, too
            process=self._process,
        )
        self._process = planner.footprint.process
        return planner

    def _check_plan(self, plan: Plan) -> None:
        self.report.memory_bytes.update(cap=self.settings.memory, planned=plan.total)
        if plan.total > (usable := machine.usable_memory()):
            self.warn(
                f"{format_size(plan.total)} are planned, but only {format_size(usable)} "
                "are free; give a smaller --memory"
            )

    def _load(self, path: Path) -> Model:
        started = time.perf_counter()
        model = self._stack.enter_context(closing(Model(path)))
        self.report.timing_s["load"] = time.perf_counter() - started
        return model

    def _open_cache(
        self, model: Model, plan: Plan, footprint: Footprint, reading: _Reading
    ) -> KVCache:
        """A context with the planned cells, and its cache; closed with the reader."""
        started = time.perf_counter()
        context = Context(
            model,
            cells=plan.cells,
            batch=plan.block,
            kv_type=self.settings.kv_type,
            threads=self.settings.threads or machine.physical_cores(),
            observe=reading.policy.observes,
        )
        self._stack.enter_context(closing(context))
        cache = self._stack.enter_context(closing(KVCache(context)))
        if reading.policy.watch != "nothing" and not cache.shows_queries():
            reading.policy = self._without_queries()
        if cache.access == "copy" and footprint.direct:
            self.warn(
                "the cache can be reached by copying only, which takes up to "
                f"{format_size(plan.kv)} more memory than planned"
            )
        self.report.timing_s["load"] += time.perf_counter() - started
        self.report.cache = {
            "policy": reading.policy.name,
            "budget": plan.budget,
            "block": plan.block,
            "cells": context.cells,
            "bytes": plan.kv,
            "kv_type": self.settings.kv_type,
            "access": cache.access,
        }
        return cache

    def _describe(
        self, located: models.LocatedModel, model: Model, *, checksum: bool = False
    ) -> dict[str, Any]:
        sha256 = located.sha256
        if sha256 is None and (checksum or self._checksum or self.settings.cache):
            sha256 = _checksum(located.path)
        return {
            "name": located.name,
            "path": str(located.path),
            "sha256": sha256,
            "architecture": model.architecture,
            "trained_context": model.trained_context,
        }

    def _ingest(
        self,
        cache: KVCache,
        plan: Plan,
        keeper: Keeper,
        reading: _Reading,
        source: Iterator[Block],
    ) -> None:
        report, head, stream = self.report, reading.head, reading.stream
        started = time.perf_counter()
        self._keeper = keeper
        reused = report.tokens["reused"]
        self.events.started(report)
        if not reused:
            read_head(cache, head, plan.block)

        def progress(block: Block) -> None:
            tokens = block.start - len(head) + len(block.ids)
            report.tokens["document"] = tokens
            report.tokens["kept"] = cache.used - len(head)
            keeper.after(block, cache)
            self.events.reading(
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
                policy=reading.policy,
                budget=min(plan.budget, keeper.budget or plan.budget),
                question=reading.asked,
                progress=progress,
            )
            keeper.finish(cache)
        finally:
            keeper.close()
            report.timing_s["ingest"] += time.perf_counter() - started
            report.timing_s["keep"] = keeper.seconds
            self._times = (cache.times.score, cache.times.move)
            report.timing_s["score"], report.timing_s["evict"] = self._times
            self.events.read()
            for warning in stream.warnings:
                self.warn(warning)

    def _settle(self, cache: KVCache, head: int) -> None:
        """From now on questions and answers make room among themselves only."""
        cache.hold()
        self.cache, self._head = cache, head
        self._end = cache.position
        self.report.stop_reason = "read"
        longest = cache.context.model.longest_text(cache.context.cells)
        read = self.report.tokens["document"] + self.report.tokens["prompt"]
        if read > longest > 0:
            self.warn(
                f"{read} tokens are more than the {longest} that the model was made for; "
                "what it says of such a long text may be wrong"
            )

    # Snapshots ------------------------------------------------------------------------------

    def _find(
        self, planner: Planner, reading: _Reading, source: Iterator[Block]
    ) -> tuple[Keeper, Beginning | None, Iterator[Block]]:
        """Look for what an earlier reading has left.

        Returns
        -------
        What keeps this reading, the snapshot to take up, and the blocks of the documents.
        """
        settings, policy = self.settings, reading.policy
        limit = 0 if policy.scorer is None else planner.limit
        # What a cap allows differs between commands, and a little between runs: any budget will
        # do that was made for the same cap.
        least, most = (0, planner.most) if planner.capped else (limit, limit)
        choices = [policy]
        if settings.policy is None and policy.watch == "question":
            choices.append(find_policy(BLIND))
        for choice in choices:
            keeper = self._make_keeper(choice, limit, reading)
            beginning, source = keeper.begin(source, least, most)
            if beginning is None:
                continue
            if choice is policy or beginning.whole:
                reading.policy = choice
                return keeper, beginning, source
            keeper.close()
        return self._make_keeper(policy, limit, reading), None, source

    def _take_up(
        self,
        cache: KVCache,
        keeper: Keeper,
        beginning: Beginning,
        reading: _Reading,
        source: Iterator[Block],
    ) -> Iterator[Block]:
        """Fill the cache from a snapshot; returns the blocks that are still to be read."""
        started = time.perf_counter()
        if not keeper.load(cache, beginning):
            return source
        self.report.tokens.update(
            document=beginning.tokens,
            reused=beginning.tokens,
            kept=cache.used - len(reading.head),
        )
        self.report.timing_s["ingest"] = time.perf_counter() - started
        what = "all of it" if beginning.whole else f"the first {beginning.tokens} tokens"
        self.events.note(f"read before: {what}")
        asking = reading.question is not None and self.settings.policy is None
        if asking and reading.policy.watch != "question":
            self.events.note(
                f"answering from what {reading.policy.name} has kept; --policy {ASKING} reads "
                "it again for this question"
            )
        return skip(source, beginning.tokens, self.settings.block)

    def _make_keeper(self, policy: Policy, limit: int, reading: _Reading) -> Keeper:
        settings, model = self.settings, self.report.model
        asking = policy.watch == "question"
        key = {
            **_key(self.report, reading.head),
            "policy": policy.name,
            "policy_version": policy_version(policy),
            "longest": reading.longest,  # LongRoPE has two rotations
            "budget": limit,
            "memory": settings.memory if settings.budget is None and limit else None,
            "block": settings.block,
            "kv_type": settings.kv_type,
            "question": token_digest(reading.asked.ids) if asking else None,
        }

        def label() -> dict[str, Any]:
            return {
                "model": model["name"],
                "kept": self.report.tokens["kept"],
                "question": reading.question if asking else None,
                "documents": [asdict(record) for record in reading.stream.records],
            }

        store = open_store(settings, self.warn) if settings.cache else None
        return Keeper(store, key, label, self.warn)

    def save(self, path: str | Path) -> None:
        """Write what was read to a file, for :meth:`load`.

        Raises
        ------
        UsageError
            If nothing was read, or a conversation has begun.
        OSError
            If it cannot be written; then no part of it is left.
        """
        cache, keeper = self.cache, self._keeper
        if cache is None or keeper is None:
            raise UsageError("there is nothing to save: read a document first")
        if cache.position != self._end:
            raise UsageError("a conversation has begun: save what was read before it")
        model = self.report.model
        keeper.key["model"] = model["sha256"] = model["sha256"] or _checksum(Path(model["path"]))
        keeper.save(Path(path), cache)

    def load(self, path: str | Path) -> None:
        """Take up what :meth:`save` has written, in place of what was read before.

        Policy, budget, block and type of the cache become those of the file.

        Raises
        ------
        UsageError
            If it is of another model, system prompt or version.
        DocumentError
            If it cannot be read, or is damaged.
        """
        try:
            with SnapshotFile(Path(path)) as file:
                file.verify()
                self._load_from(file)
        except OSError as error:
            raise DocumentError(f"{path}: {error.strerror or error}") from None
        except (DamagedError, KeyError, TypeError) as error:
            raise DocumentError(f"{path} cannot be used: {error}") from None
        self._again = partial(self.load, path)

    def _load_from(self, file: SnapshotFile) -> None:
        description = file.description
        key, question = description["key"], description["question"]
        settings = replace(
            self.settings,
            policy=key["policy"],
            budget=key["budget"] or None,
            block=key["block"],
            kv_type=key["kv_type"],
        )
        located = locate_model(settings, self.events)
        with closing(Model(located.path, weights=False)) as sketch:
            report = Report()
            report.model = self._describe(located, sketch, checksum=True)
            prompt = make_prompt(sketch, settings, documents=bool(description["documents"]))
            head, asked = prompt_tokens(sketch, prompt, question or "")
            for name, value in _key(report, head).items():
                if key[name] != value:
                    raise UsageError(
                        f"the snapshot is of another {_KEY_NAMES[name]}; read the document again"
                    )
            policy = find_policy(key["policy"])
            planner = Planner(sketch, settings, policy, head=len(head), process=self._process)
            plan = planner.plan(max(description["kept"], MIN_BUDGET, sketch.window))
            self.close()
            self.settings, self.report, self.prompt = settings, report, prompt
            self._check_plan(plan)
            stream = TokenStream([], sys.stdin.buffer, Tokenizer(sketch))
            reading = _Reading(head, asked, question, policy, stream, talk=True)
        try:
            cache = self._open_cache(self._load(located.path), plan, planner.footprint, reading)
            shown = {name: description[name] for name in ("model", "kept", "question", "documents")}
            keeper = Keeper(None, key, lambda: shown, self.warn)
            keeper.restore(cache, file)
        except BaseException:
            self.close()
            raise
        self._keeper = keeper
        report.documents = description["documents"]
        report.tokens.update(
            document=description["tokens"],
            reused=description["tokens"],
            prompt=len(head) + len(asked.ids),
            kept=description["kept"],
        )
        self._settle(cache, len(head))

    # Answering ------------------------------------------------------------------------------

    def ask(self, question: str) -> str:
        """Answer a question; see :meth:`stream`."""
        return "".join(self.stream(question))

    def stream(self, question: str, *, rewind: bool = True) -> Iterator[str]:
        """Answer a question, piece by piece.

        Parameters
        ----------
        rewind
            Forget question and answer afterwards, so that questions do not influence each other.
            If the answer is longer than ``settings.conversation``, this takes a copy of the cache
            in memory.

        Raises
        ------
        UsageError
            If nothing was read, or the question does not fit.
        """
        cache = self._require()
        _, asked = prompt_tokens(cache.context.model, self.prompt, question)
        mark = cache.mark() if rewind else None
        try:
            yield from self.answer(asked)
        finally:
            if mark is not None:
                cache.rewind(mark)
                cache.unmark()

    def answer(self, asked: Asked, sampler: Sampler | None = None) -> Iterator[str]:
        """Run the tokens of a question, and generate an answer to it, which stays in the cache.

        ``sampler`` is used in place of the one of the settings.
        """
        cache, settings, report = self._require(), self.settings, self.report
        report.tokens["prompt"] = self._head + len(asked.ids)
        answer = Answer(
            cache,
            asked,
            max_tokens=settings.max_tokens,
            sampler=sampler or Sampler(settings.temperature, settings.seed),
        )
        report.answer, report.stop_reason = "", "interrupted"
        report.timing_s["first_token"] = 0.0
        score, move = cache.times.score, cache.times.move
        started = time.perf_counter()
        try:
            for text in answer:
                if not report.answer:
                    report.timing_s["first_token"] = time.perf_counter() - started
                report.answer += text
                self.events.text(text)
                yield text
        finally:
            report.timing_s["answer"] = time.perf_counter() - started
            report.timing_s["score"] = self._times[0] + cache.times.score - score
            report.timing_s["evict"] = self._times[1] + cache.times.move - move
            report.tokens["generated"] = len(answer.tokens)
            report.certainty = answer.certainty
            report.stop_reason = answer.stop_reason
        if not report.answer.strip():
            self.warn("the model gave an empty answer; ask in other words, or use another model")
        if answer.stop_reason == "length":
            self.warn(
                f"the answer stopped at --max-tokens {settings.max_tokens}; it may be incomplete"
            )

    def _require(self) -> KVCache:
        if self.cache is None:
            raise UsageError("there is nothing to ask about: read a document first")
        return self.cache

    def require_kept(self) -> None:
        """Make sure that what was read is in the store, unless it is too short to be worth it.

        Raises
        ------
        KeydiffError
            If it is not.
        """
        if self._keeper is not None and (problem := self._keeper.problem):
            raise KeydiffError(f"what was read is not kept: {problem}")

    def check_peak(self) -> None:
        """Note the peak memory of the process; above the cap, warn of it once."""
        cap, before = self.settings.memory, self.report.memory_bytes["peak"] or 0
        peak = self.report.memory_bytes["peak"] = machine.peak()
        if cap is not None and (peak or 0) > cap >= before:
            self.warn(
                f"peak memory {format_size(peak or 0)} passed the cap of {format_size(cap)}; "
                "please report it with the document's kind and size"
            )

    def warn(self, text: str) -> None:
        """Report something that may change an answer."""
        self.report.warnings.append(text)
        self.events.warning(text)


def _checksum(path: Path) -> str:
    return models.checksum(path, cache_path() / "checksums")


def _key(report: Report, head: Tokens) -> dict[str, Any]:
    """What a snapshot must agree with, whatever was read and how."""
    return {
        "keydiff": __version__,
        "llama_cpp_python": version("llama-cpp-python"),
        "model": report.model["sha256"],
        "head": token_digest(head),
    }
