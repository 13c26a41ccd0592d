"""Questions about documents that were read, or are being read."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from keydiff_cli.cache import KVCache, LostRowsError
from keydiff_cli.engine.answer import Answer, Sampler
from keydiff_cli.engine.views import NoViewError
from keydiff_cli.errors import UsageError
from keydiff_cli.llama import hold_interrupt
from keydiff_cli.reading.by_blocks import Reading
from keydiff_cli.reading.held import Held
from keydiff_cli.reading.recorded_answer import recorded
from keydiff_cli.reading.recorder import Recorder
from keydiff_cli.reading.second_look import Passages
from keydiff_cli.reading.whole import notes_within
from keydiff_cli.report import Note
from keydiff_cli.settings.config import Settings
from keydiff_cli.snapshots import open_store
from keydiff_cli.text.prompts import Asked, prompt_tokens

if TYPE_CHECKING:
    from keydiff_cli.reading.noting import Noting


class Answering:
    """Answers questions about what is held, one at a time.

    Attributes
    ----------
    settings : Settings
        The documents were read by them, and questions are answered by them.
    recorder : Recorder
        Is told what happens, also by those who ask.
    """

    def __init__(self, settings: Settings, recorder: Recorder) -> None:
        self.settings = settings
        self.recorder = recorder
        self._held: Held | None = None
        self._reading: Reading | None = None  # as long as there is more to read
        self._paused = False  # whether a question is being answered meanwhile
        self._answer: Answer | None = None  # the one that is being generated
        self._viewing = False  # whether the cache holds parts one by one
        self._noting: Noting | None = None  # which remembers the notes that it has made

    def close(self) -> None:
        """Hold nothing any more."""
        self._held = self._reading = self._answer = self._noting = None
        self._paused = False

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
    def reading(self) -> bool:
        """Whether there is more to read, and no question is being answered meanwhile."""
        return self._reading is not None and not self._paused

    def ask(self, question: str) -> str:
        """Answer a question; see :meth:`stream`."""
        return "".join(self.stream(question))

    def stream(self, question: str, *, rewind: bool = True) -> Iterator[str]:
        """Answer a question, piece by piece.

        Parameters
        ----------
        rewind
            Forget question and answer afterwards, so that questions do not influence each other;
            before all is read they are forgotten in any case. This takes a copy of the cache in
            memory if the answer is longer than ``settings.conversation``, or the model has sliding
            windows.

        Raises
        ------
        UsageError
            If nothing was read, the question does not fit, or another one is being answered.
        """
        self.require_idle()
        cache = self.held.cache
        model, prompt = cache.context.model, self.held.prompt
        _, alone = prompt_tokens(model, prompt, question)
        with self.paused():
            mark = cache.mark() if rewind else None
            try:
                with self.evidence(question, alone) as passages:  # gone after the cache is rewound
                    try:
                        _, asked = prompt_tokens(model, prompt, question, passages.text)
                        yield from self.generate(self.answer(asked))
                    finally:
                        if mark is not None and self.cache is cache:  # else it is freed already
                            cache.rewind(mark)
            finally:
                cache.unmark()

    @contextmanager
    def evidence(self, question: str, asked: Asked, before: str = "") -> Iterator[Passages]:
        """Let rows that bear on a question be in the cache, and give the passages to put before it.

        Parameters
        ----------
        asked
            The question as tokens, without passages.
        before
            The question before it in a conversation; empty if there is none.

        Raises
        ------
        LostRowsError
            If the cache cannot be brought back to what was read; nothing is held any more then.
        """
        if self._asks_for_notes(question) and (notes := self._notes_on_the_whole(asked)).text:
            yield notes
            return
        held, recalled = self.held, self.settings.recall
        wanted = 0 if held.intact else self.settings.second_look
        with (
            self._closed_if_lost(),
            held.recaller.recalled(asked, recalled, wanted > 0, lambda: self.cache) as lifts,
        ):
            started = time.perf_counter()
            passages = held.second_look.find(question, before, lifts, wanted)
            self.recorder.passages_found(passages.looks, time.perf_counter() - started)
            if held.searched_only and not passages.looks:
                self.recorder.warn(
                    "no passage has words of the question, and nothing else was read; ask in "
                    "the words of the document, or let it be read"
                )
            yield passages

    @contextmanager
    def _closed_if_lost(self) -> Iterator[None]:
        """Hold nothing any more if the cache cannot be brought back to what was read."""
        try:
            yield
        except LostRowsError:
            with hold_interrupt(stopping=False):
                if self._reading is not None:
                    self._reading.keep_nothing()
                self.close()  # those who ask go by the cache that is in use: none is any more
                raise

    def _asks_for_notes(self, question: str) -> bool:
        """Whether a question is to be answered from notes on all parts."""
        held, wanted = self.held, self.settings.notes
        if wanted == "off" or held.intact or held.searched_only or self._reading is not None:
            return False
        from keydiff_cli.text.whole_question import asks_for_the_whole

        if not asks_for_the_whole(question) or (wanted == "auto" and not held.stored):
            return False
        if self.settings.second_look == 0 and wanted == "on":
            self.recorder.warn("no notes come before the question: the second look is off")
        return self.settings.second_look > 0

    def _notes_on_the_whole(self, asked: Asked) -> Passages:
        """The notes to put before a question about the whole; none where none can be made."""
        held, room = self.held, self.settings.second_look
        self.recorder.evidence_sought(held.head + len(asked.ids))
        started = time.perf_counter()
        try:
            notes = list(self._make_notes())
        except NoViewError as error:
            self.recorder.warn(f"no notes come before the question: {error}")
            return Passages()
        count = held.corpus.count
        text, left_out = notes_within(notes, count, room - count("\n\n"))
        if left_out:
            self.recorder.warn(
                f"{left_out} of {len(notes)} notes are left out: {room} tokens, the setting "
                "'second_look', have no room for more"
            )
        self.recorder.passages_found((), time.perf_counter() - started)
        return Passages(text)

    def _make_notes(self) -> Iterator[Note]:
        """Notes on the parts of what was read, made or taken up; see :meth:`Reader.notes`."""
        from keydiff_cli.reading.noting import Noting  # what it checks with takes time to load

        held = self.held
        if self._noting is None or self._noting.held is not held:
            store = open_store(self.settings, self.recorder.warn) if self.settings.cache else None
            self._noting = Noting(held, self.recorder, store, lambda: self._held is held)
        self._viewing = True
        try:
            with self._closed_if_lost():
                yield from self._noting.notes()
        finally:
            self._viewing = False

    def answer(self, asked: Asked, sampler: Sampler | None = None) -> Answer:
        """An answer to the tokens of a question, by the sampler of the settings or another one.

        Raises
        ------
        UsageError
            If nothing was read.
        """
        cache, settings = self.held.cache, self.settings
        sampler, most = sampler or Sampler(settings.temperature, settings.seed), settings.max_tokens
        if self._paused:  # nothing of what was read may have to make room
            most = max(min(most, cache.free - len(asked.ids)), 1)
        return Answer(cache, asked, max_tokens=most, sampler=sampler)

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
            yield from recorded(answer, held, self.recorder, self.settings.max_tokens)
        finally:
            if self._answer is answer:
                self._answer = None

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Let what was read so far be asked about; what is said is forgotten if there is more.

        Raises
        ------
        UsageError
            If there is more to read by a model with sliding windows: its cache cannot go back.
        """
        reading = self._reading
        if reading is None or self._paused:
            yield
            return
        if not self.pausable:
            raise UsageError("a model with sliding windows answers when all is read")
        with reading.paused() as self._held:
            self._paused = True
            try:
                yield
            finally:
                if self._reading is reading:  # else there is nothing, or something else to read
                    self._paused = False

    @property
    def most_rows(self) -> int:
        """Rows that the cache has at most when all is read, without any question."""
        return self.held.cache.used if self._reading is None else self._reading.most_rows

    @property
    def pausable(self) -> bool:
        """Whether questions can be answered before all is read."""
        return not self.held.cache.context.model.window

    def require_idle(self) -> None:
        """Make sure that no answer is being generated, which the cache is needed for.

        Raises
        ------
        UsageError
            If one is, or notes are being made.
        """
        if self._answer is not None:
            raise UsageError("an answer is still being generated: take all of it, or close it")
        if self._viewing:
            raise UsageError("notes are still being made: take all of them, or close them")
