"""Documents that a model has read, and questions about them."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import BinaryIO

from keydiff_cli.cache import KVCache
from keydiff_cli.engine.answer import Answer, Sampler
from keydiff_cli.errors import DocumentError, KeydiffError, UsageError
from keydiff_cli.policies import choose_policy
from keydiff_cli.reading.preparation import Preparation, locate_model, model_checksum
from keydiff_cli.reading.reading import Held, Reading, Task
from keydiff_cli.report import Events, Report
from keydiff_cli.settings.config import Settings, check_settings
from keydiff_cli.snapshots import SnapshotFile
from keydiff_cli.system import machine
from keydiff_cli.system.sizes import format_size
from keydiff_cli.text.prompts import Asked, Prompt, prompt_tokens
from keydiff_cli.text.stream import check_sources, is_pipe


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
        self._checksum = checksum
        self._stack = ExitStack()
        self._held: Held | None = None
        self._process: int | None = None  # bytes of the process before anything was read
        self._repeat: Callable[[], None] | None = None
        self._answer: Answer | None = None  # the one that is being generated

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Free the model and what it has read."""
        self._held = self._answer = None
        self._stack.close()

    @property
    def cache(self) -> KVCache | None:
        """What was read; None before."""
        return None if self._held is None else self._held.cache

    @property
    def intact(self) -> bool:
        """Whether the cache holds the documents as a whole."""
        return self._require().intact

    @property
    def prompt(self) -> Prompt:
        """The prompt around documents and questions."""
        return self._require().prompt

    # Reading --------------------------------------------------------------------------------

    def read(
        self,
        sources: Sequence[str | Path],
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
        if isinstance(sources, (str, Path)):
            raise TypeError("sources must be a list of paths")
        choose_policy(self.settings, question)  # or say that there is none
        stdin = sys.stdin.buffer if stdin is None else stdin
        paths = [os.fspath(source) for source in sources]
        piped = check_sources(paths, stdin)
        located = locate_model(self.settings, self.events)
        self.close()  # not before it is clear that there is something else to read
        if piped is not None:
            self._stack.enter_context(piped)
        self.report = Report()
        once = any(path == "-" or is_pipe(path) for path in paths)
        again = partial(self.read, paths, question=question, talk=talk)
        self._repeat = None if once else again
        preparation = self._preparation(self.settings, self.report)
        self._held = Reading(preparation).read(located, Task(paths, stdin, piped, question, talk))
        self._process = preparation.process

    def _preparation(self, settings: Settings, report: Report) -> Preparation:
        return Preparation(
            settings,
            self.events,
            report,
            self._stack,
            process=self._process,
            checksum=self._checksum,
        )

    def reread(self) -> None:
        """Read what was read last once more, or take it up from a snapshot.

        Raises
        ------
        UsageError
            If it came through standard input, or nothing was read.
        """
        if self._repeat is None:
            raise UsageError("what came through standard input cannot be read again")
        self._repeat()

    # Keeping --------------------------------------------------------------------------------

    def save(self, path: str | Path) -> None:
        """Write what was read to a file, for :meth:`load`.

        Raises
        ------
        UsageError
            If nothing was read, or a conversation has begun.
        OSError
            If it cannot be written; then no part of it is left.
        """
        held, model = self._held, self.report.model
        if held is None:
            raise UsageError("there is nothing to save: read a document first")
        if held.cache.position != held.end:
            raise UsageError("a conversation has begun: save what was read before it")
        sha256 = model["sha256"] or model_checksum(Path(model["path"]))
        held.keeper.key["model"] = model["sha256"] = sha256
        held.keeper.save(Path(path), held.cache)

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
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise DocumentError(f"{path} cannot be used: {error}") from None
        self._repeat = partial(self.load, path)

    def _load_from(self, file: SnapshotFile) -> None:
        key, report = file.description["key"], Report()
        settings = replace(
            self.settings,
            policy=key["policy"],
            budget=key["budget"] or None,
            block=key["block"],
            kv_type=key["kv_type"],
        )
        check_settings(settings)
        located = locate_model(settings, self.events)

        def ready() -> None:
            self.close()
            self.settings, self.report = settings, report

        try:
            preparation = self._preparation(settings, report)
            self._held = Reading(preparation).load(located, file, ready)
        except BaseException:
            if self.report is report:
                self.close()
            raise

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
            This takes a copy of the cache in memory if the answer is longer than
            ``settings.conversation``, or the model has sliding windows.

        Raises
        ------
        UsageError
            If nothing was read, the question does not fit, or another one is being answered.
        """
        held = self._require_idle()
        cache = held.cache
        _, asked = prompt_tokens(cache.context.model, held.prompt, question)
        mark = cache.mark() if rewind else None
        try:
            yield from self.answer(asked)
        finally:
            if mark is not None and self.cache is cache:  # else it is freed already
                cache.rewind(mark)
                cache.unmark()

    def answer(self, asked: Asked, sampler: Sampler | None = None) -> Iterator[str]:
        """Run the tokens of a question, and generate an answer to it, which stays in the cache.

        ``sampler`` is used in place of the one of the settings.

        Raises
        ------
        UsageError
            As :meth:`stream`.
        """
        held, settings, report = self._require_idle(), self.settings, self.report
        cache, times = held.cache, report.timing_s
        report.tokens["prompt"] = held.head + len(asked.ids)
        self._answer = answer = Answer(
            cache,
            asked,
            max_tokens=settings.max_tokens,
            sampler=sampler or Sampler(settings.temperature, settings.seed),
        )
        report.answer, report.stop_reason = "", "interrupted"
        times["first_token"] = 0.0
        score = held.times.score - cache.times.score
        move = held.times.move - cache.times.move
        started = time.perf_counter()
        try:
            for text in answer:
                if not report.answer:
                    times["first_token"] = time.perf_counter() - started
                report.answer += text
                self.events.text(text)
                yield text
        finally:
            if self._answer is answer:
                self._answer = None
            times["answer"] = time.perf_counter() - started
            times["score"] = score + cache.times.score
            times["evict"] = move + cache.times.move
            report.tokens["generated"] = len(answer.tokens)
            report.certainty = answer.certainty
            report.stop_reason = answer.stop_reason
        if not report.answer.strip():
            self.warn("the model gave an empty answer; ask in other words, or use another model")
        if answer.stop_reason == "length":
            self.warn(
                f"the answer stopped at --max-tokens {settings.max_tokens}; it may be incomplete"
            )

    def _require(self) -> Held:
        if self._held is None:
            raise UsageError("there is nothing to ask about: read a document first")
        return self._held

    def _require_idle(self) -> Held:
        if self._answer is not None:
            raise UsageError("an answer is still being generated: take all of it, or close it")
        return self._require()

    def require_kept(self) -> None:
        """Make sure that what was read is in the store, unless it is too short to be worth it.

        Raises
        ------
        KeydiffError
            If it is not.
        """
        if problem := self._require().keeper.problem:
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
