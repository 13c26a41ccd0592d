"""Documents that a model has read, and questions about them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO

from keydiff_cli.cache import KVCache
from keydiff_cli.engine.answer import Answer, Sampler
from keydiff_cli.errors import UsageError
from keydiff_cli.policies import choose_policy
from keydiff_cli.reading.evidence import evidence
from keydiff_cli.reading.held import Held
from keydiff_cli.reading.preparation import locate_model
from keydiff_cli.reading.reading import Request, read_documents
from keydiff_cli.reading.recorded_answer import recorded
from keydiff_cli.reading.recorder import Recorder
from keydiff_cli.reading.run import Run
from keydiff_cli.reading.saved import load_documents, opened_file, save_documents, saved_settings
from keydiff_cli.reading.second_look import Excerpts
from keydiff_cli.report import Events, Report
from keydiff_cli.settings.config import Settings
from keydiff_cli.text.corpus import Corpus
from keydiff_cli.text.prompts import Asked, prompt_tokens
from keydiff_cli.text.sources import Sources


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
    settings : Settings
        The documents were read by them, and questions are answered by them.
    recorder : Recorder
        Is told what happens, also by those who ask.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        events: Events | None = None,
        *,
        checksum: bool = False,
    ) -> None:
        self.settings = settings or Settings()
        self._events = events or Events()
        self.recorder = Recorder(self._events, self.settings.memory)
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
    def report(self) -> Report:
        """What was read and answered last, with sizes and timings."""
        return self.recorder.report

    @property
    def cache(self) -> KVCache | None:
        """The KV cache that holds what was read; None before."""
        return None if self._held is None else self._held.cache

    @property
    def held(self) -> Held:
        """What was read, in its cache; a :class:`UsageError` if nothing was."""
        if self._held is None:
            raise UsageError("there is nothing to ask about: read a document first")
        return self._held

    @property
    def corpus(self) -> Corpus:
        """The tokens that were read, with their text and places."""
        return self.held.corpus

    def read(
        self,
        sources: Sequence[str | Path],
        *,
        question: str | None = None,
        talk: bool = True,
        stdin: BinaryIO | None = None,
        settings: Settings | None = None,
        quick: bool = False,
    ) -> None:
        """Read documents, in place of those read before.

        What an earlier reading has left in the store is taken up if ``settings.cache`` is on.

        Parameters
        ----------
        sources
            Paths; ``-`` is standard input. Without any the questions are about nothing.
        question
            Read for this question, if the policy looks at one.
        talk
            Leave room for other questions than that one: ``settings.conversation`` tokens.
        settings
            In place of those so far, from this reading on.
        quick
            Do not read them: questions are answered from passages of them alone.

        Raises
        ------
        KeydiffError
            Whatever stands in the way; its ``status`` is the exit status. What was read before
            is still there if it is found out before anything is read.
        """
        if isinstance(sources, (str, Path)):
            raise TypeError("sources must be a list of paths")
        settings = settings or self.settings
        choose_policy(settings.policy, question)  # or say that there is none
        paths = [os.fspath(source) for source in sources]
        documents = Sources(paths, sys.stdin.buffer if stdin is None else stdin)
        with ExitStack() as stack:
            stack.callback(documents.close)
            located = locate_model(settings, self._events)
            stack.pop_all()
        with self._recording(settings) as recorder:
            self._replace(settings, recorder)
            self._stack.callback(documents.close)
            again = partial(self.read, paths, question=question, talk=talk, quick=quick)
            self._repeat = None if documents.once else again
            run = Run(settings, recorder, self._stack, self._process, self._checksum)
            request = Request(documents, question, talk, quick)
            self._held = read_documents(run, located, request)
            self._process = self._held.process

    @contextmanager
    def _recording(self, settings: Settings) -> Iterator[Recorder]:
        """A recorder for a reading; if that fails after it has begun, nothing is held any more."""
        recorder = Recorder(self._events, settings.memory)
        try:
            yield recorder
        except BaseException:
            if self.recorder is recorder:
                self.close()
            raise

    def _replace(self, settings: Settings, recorder: Recorder) -> None:
        """Give up what was read before; it is clear that there is something else to read."""
        self.close()
        self.settings, self.recorder = settings, recorder

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

    def save(self, path: str | Path) -> None:
        """Write what was read to a file, for :meth:`load`.

        Raises
        ------
        UsageError
            If nothing was read, or a conversation has begun.
        OSError
            If it cannot be written; then no part of it is left.
        """
        if self._held is None:
            raise UsageError("there is nothing to save: read a document first")
        self.recorder.model_known(save_documents(self._held, Path(path)))

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
        with opened_file(Path(path)) as file, self._recording(self.settings) as recorder:
            settings = saved_settings(self.settings, file)
            located = locate_model(settings, self._events)
            run = Run(settings, recorder, self._stack, self._process)
            ready = partial(self._replace, settings, recorder)
            self._held = load_documents(run, located, file, ready)
            self._process = self._held.process
        self._repeat = partial(self.load, path)

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
        self.require_idle()
        cache = self.held.cache
        model, prompt = cache.context.model, self.held.prompt
        mark = cache.mark() if rewind else None
        _, alone = prompt_tokens(model, prompt, question)
        with self.evidence(question, alone) as excerpts:  # gone after the cache has been rewound
            try:
                _, asked = prompt_tokens(model, prompt, question, excerpts.text)
                yield from self.generate(self.answer(asked))
            finally:
                if mark is not None and self.cache is cache:  # else it is freed already
                    cache.rewind(mark)
                    cache.unmark()

    def evidence(
        self, question: str, asked: Asked, before: str = ""
    ) -> AbstractContextManager[Excerpts]:
        """See :func:`keydiff_cli.reading.evidence.evidence`."""
        held, settings, recorder = self.held, self.settings, self.recorder
        return evidence(held, settings, recorder, question, asked, before, lambda: self.cache)

    def answer(self, asked: Asked, sampler: Sampler | None = None) -> Answer:
        """An answer to the tokens of a question, by the sampler of the settings or another one.

        Raises
        ------
        UsageError
            If nothing was read.
        """
        cache, settings = self.held.cache, self.settings
        sampler = sampler or Sampler(settings.temperature, settings.seed)
        return Answer(cache, asked, max_tokens=settings.max_tokens, sampler=sampler)

    def generate(self, answer: Answer) -> Iterator[str]:
        """The text of an answer, piece by piece; it stays in the cache with its question.

        Raises
        ------
        UsageError
            As :meth:`stream`.
        """
        self.require_idle()
        held, self._answer = self.held, answer
        try:
            yield from recorded(answer, held, self.recorder)
        finally:
            if self._answer is answer:
                self._answer = None

    def require_idle(self) -> None:
        """Make sure that no answer is being generated, which the cache is needed for.

        Raises
        ------
        UsageError
            If one is.
        """
        if self._answer is not None:
            raise UsageError("an answer is still being generated: take all of it, or close it")
