"""Questions about documents that were read, or are being read."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from keydiff_cli.engine.answer import Answer
from keydiff_cli.engine.support import CHECK
from keydiff_cli.errors import UsageError
from keydiff_cli.reading.citing import Citing
from keydiff_cli.reading.composing import Composing
from keydiff_cli.reading.recorded_answer import Wanted, recorded
from keydiff_cli.reading.second_look import Passages
from keydiff_cli.reading.supporting import Supporting
from keydiff_cli.shapes import Shape
from keydiff_cli.text.absence import asks_for_facts
from keydiff_cli.text.prompts import Asked, prompt_tokens


class Answering(Composing):
    """Answers questions about what is held, one at a time."""

    def ask(self, question: str) -> str:
        """Answer a question; see :meth:`stream`."""
        return "".join(self.stream(question))

    def stream(
        self, question: str, *, rewind: bool = True, shape: Shape | None = None
    ) -> Iterator[str]:
        """Answer a question, piece by piece.

        Parameters
        ----------
        rewind
            Forget question and answer afterwards, so that questions do not influence each other;
            before all is read they are forgotten in any case. This takes a copy of the cache in
            memory if the answer is longer than ``settings.conversation``, or the model has sliding
            windows.
        shape
            What the answer is to be; None for a text. The report has it as ``data`` in the end.
            Where ``settings.each`` is on, each part is asked for data by the schema, and all of it
            is a list.

        Raises
        ------
        UsageError
            If nothing was read, the question does not fit, or another one is being answered.
        AnswerError
            If the answer is not of its shape in the end, as it was cut off.
        """
        self.require_idle()
        cache = self.held.cache
        composed = self.composed(question, self._tokens, shape=shape)
        if composed is not None:
            yield from self.told(composed, None if shape else self.citing(question))
            return
        sought = question
        if shape is not None:
            sought, question = f"{question} {shape.words}", shape.asked(question)
        alone = self._tokens(question)
        with self.paused():
            mark = cache.mark() if rewind else None
            try:
                with self.evidence(sought, alone) as passages:  # gone after the cache is rewound
                    try:
                        asked = self._tokens(question, passages.text)
                        grammar = shape.grammar if shape else ""
                        answer = self.answer(asked, grammar=grammar, left_out=passages.headings)
                        wanted = Wanted(shape=shape)
                        if shape is None:
                            wanted = Wanted(
                                self.citing(question, passages),
                                self.supporting(question, passages, self._tokens),
                            )
                        yield from self.generate(answer, wanted)
                    finally:
                        if mark is not None and self.cache is cache:  # else it is freed already
                            cache.rewind(mark)
            finally:
                cache.unmark()

    def _tokens(self, question: str, passages: str = "") -> Asked:
        """The tokens of a question that follows the documents."""
        held = self.held
        return prompt_tokens(held.cache.context.model, held.prompt, question, passages)[1]

    def citing(self, question: str, passages: Passages | None = None) -> Citing | None:
        """What cites the sentences of an answer, with the passages before its question, if any.

        None if they are not to be cited.
        """
        if not self.settings.cite:
            return None
        return Citing(self.held.second_look, question, passages or Passages(), self.recorder)

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
        held, recalled = self.held, self.settings.recall
        wanted = 0 if held.intact else self.settings.second_look
        with (
            self._closed_if_lost(),
            held.recaller.recalled(asked, recalled, wanted > 0, lambda: self.cache) as lifts,
        ):
            started = time.perf_counter()
            passages = held.second_look.find(question, before, lifts, wanted)
            self.recorder.passages_found(
                passages.looks, time.perf_counter() - started, passages.spans
            )
            if held.searched_only and not passages.looks:
                self.recorder.warn_of_answer(
                    "no passage has words of the question, and nothing else was read; ask in "
                    "the words of the document, or let it be read"
                )
            yield passages

    def supporting(
        self, question: str, passages: Passages, tokens: Callable[[str, str], Asked]
    ) -> Supporting | None:
        """What finds out whether the documents answer a question; None if it is not wanted.

        ``tokens`` gives those of a question with passages before it, from where the cache ends.
        """
        held, wanted = self.held, self.settings.absent
        if wanted == "off" or held.support is None or not held.corpus.documents:
            return None
        if not asks_for_facts(question):
            return None
        asked = tokens(CHECK + question, passages.text)
        several = len(held.corpus.documents) > 1
        return Supporting(
            asked.ids[asked.passages[1] :],
            held.support,
            wanted == "say",
            not passages.text,
            several,
            not self._paused,
            self.recorder,
        )

    def generate(self, answer: Answer, wanted: Wanted) -> Iterator[str]:
        """The text of an answer, piece by piece; it stays in the cache with its question.

        Raises
        ------
        UsageError, AnswerError
            As :meth:`stream`.
        """
        self.require_idle()
        held, self._answer = self.held, answer
        try:
            most = self.settings.max_tokens
            yield from recorded(answer, held, self.recorder, most, wanted)
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
