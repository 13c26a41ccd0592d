"""Documents that a model has read, and questions about them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO

from keydiff_cli.errors import UsageError
from keydiff_cli.policies import choose_policy
from keydiff_cli.reading.answering import Answering
from keydiff_cli.reading.keeping import ModelKeeper
from keydiff_cli.reading.preparation import locate_model
from keydiff_cli.reading.reading import Request, begin_reading
from keydiff_cli.reading.recognising import ocr_of
from keydiff_cli.reading.recorder import Recorder
from keydiff_cli.reading.run import Run
from keydiff_cli.reading.saved import load_documents, opened_file, save_documents, saved_settings
from keydiff_cli.reading.skimming import skim_documents
from keydiff_cli.report import Events, Report
from keydiff_cli.settings.config import Settings
from keydiff_cli.system.machine import physical_cores
from keydiff_cli.text.corpus import Corpus
from keydiff_cli.text.places import Note
from keydiff_cli.text.sources import Sources


class Reader(Answering):
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
        settings, self._events = settings or Settings(), events or Events()
        super().__init__(settings, Recorder(self._events, settings.memory))
        self._checksum = checksum
        self._stack, self._models = ExitStack(), ModelKeeper()
        self._process: int | None = None  # bytes of the process before anything was read
        self._repeat: Callable[[], None] | None = None

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Free the model and what it has read."""
        self._release()
        self._models.close()

    def _release(self) -> None:
        """Free what was read; the model stays for the next reading."""
        super().close()
        self._stack.close()

    @property
    def report(self) -> Report:
        """What was read and answered last, with sizes and timings."""
        return self.recorder.report

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
        stepwise: bool = False,
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
        stepwise
            Take up what a snapshot has, and leave the rest to :meth:`step`. Questions may be asked
            between the steps, and change nothing of what is read on.

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
        ocr = ocr_of(settings, self._events)
        documents = Sources(paths, sys.stdin.buffer if stdin is None else stdin, ocr)
        with ExitStack() as stack:
            stack.callback(documents.close)
            located = locate_model(settings, self._events)
            stack.pop_all()
        with self._recording(settings) as recorder:
            self._replace(settings, recorder)
            self._stack.callback(documents.close)
            again = partial(self.read, paths, question=question, talk=talk, quick=quick)
            self._repeat = None if documents.once else again
            run = Run(settings, recorder, self._stack, self._models, self._process, self._checksum)
            if quick and paths:
                self._held = skim_documents(run, located, documents, talk)
            else:
                request = Request(documents, question, talk, stepwise)
                self._reading = begin_reading(run, located, request)
                self._held = self._reading.held()
            self._process = self._held.process
            while not stepwise and self.step():
                pass

    def step(self) -> bool:
        """Read on by a block; False once all is read.

        Raises
        ------
        KeydiffError
            Whatever stands in the way; then nothing is held any more.
        """
        reading = self._reading
        if reading is None:
            return False
        if self._paused:
            raise UsageError("a question is still being answered: take all of the answer")
        try:
            if reading.step():
                return True
            self._held, self._reading = reading.held(), None
        except BaseException:
            self._release()
            raise
        return False

    @contextmanager
    def _recording(self, settings: Settings) -> Iterator[Recorder]:
        """A recorder for a reading; if that fails after it has begun, nothing is held any more."""
        recorder = Recorder(self._events, settings.memory)
        try:
            yield recorder
        except BaseException:
            if self.recorder is recorder:
                self._release()
            raise

    def _replace(self, settings: Settings, recorder: Recorder) -> None:
        """Give up what was read before; it is clear that there is something else to read."""
        self._release()
        self.settings, self.recorder = settings, recorder

    def answer_by(self, settings: Settings) -> None:
        """Answer by other settings, by which nothing is read otherwise."""
        if settings.threads != self.settings.threads and self.cache is not None:
            self.cache.context.use_threads(settings.threads or physical_cores())
        self.settings = settings

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

    def notes(self) -> Iterator[Note]:
        """Notes on the parts of what was read, in their order, made now or taken up.

        Raises
        ------
        UsageError
            If nothing was read, there is more to read, or a conversation has begun. Until all notes
            are taken, or the iterator is closed, nothing else can be asked.
        LostRowsError
            If the cache cannot be brought back to what was read; nothing is held any more then.
        NoViewError
            If what the cache holds cannot be put aside, or there are cells for no part.
        """
        self.require_idle()
        held = self.held
        self._require_all_read("noted")
        if held.searched_only:
            raise UsageError("the documents were searched, not read: nothing can be noted")
        if held.cache.tokens != held.end:
            raise UsageError("a conversation has begun: what was read can be noted before it")
        with self._noting_now() as noting:
            yield from noting.notes()

    @property
    def notes_wanted(self) -> bool:
        """Whether a question about the whole is answered from notes that need no second reading."""
        held, settings = self._held, self.settings
        if held is None or self._reading is not None or held.intact or not held.stored:
            return False
        return settings.notes != "off" and settings.second_look > 0

    def notes_ahead(self) -> Generator[Note | None, None, None]:
        """As :meth:`notes`, also in a conversation, with None after each token, to stop at.

        Then notes of them are made, too, if they are too many for a summary; these are not given.
        The report has none of them.

        Raises
        ------
        UsageError
            If nothing was read, or something is being answered.
        LostRowsError, NoViewError
            As :meth:`notes`.
        """
        self.require_idle()
        made: list[Note] = []
        with self._noting_now() as noting, closing(noting.steps()) as steps:
            for note in steps:
                made += [] if note is None else [note]
                yield note
        with closing(self._condensing(made)) as condensing:
            for _ in condensing:
                yield None

    def save(self, path: str | Path) -> None:
        """Write what was read to a file, for :meth:`load`.

        Raises
        ------
        UsageError
            If nothing was read, there is more to read, or a conversation has begun.
        OSError
            If it cannot be written; then no part of it is left.
        """
        if self._held is None:
            raise UsageError("there is nothing to save: read a document first")
        self._require_all_read("saved")
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
            run = Run(settings, recorder, self._stack, self._models, self._process)
            ready = partial(self._replace, settings, recorder)
            self._held = load_documents(run, located, file, ready)
            self._process = self._held.process
        self._repeat = partial(self.load, path)
