"""A conversation about what was read, within its own share of the cache."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress

from keydiff_cli.engine.answer import Sampler, add_question, extend
from keydiff_cli.errors import KeydiffError, UsageError
from keydiff_cli.llama import hold_interrupt
from keydiff_cli.reading.composed import Composed
from keydiff_cli.reading.reader import Reader
from keydiff_cli.report import Turn
from keydiff_cli.talk.latest import latest_turns
from keydiff_cli.talk.turn_start import TurnStart
from keydiff_cli.text.prompts import Asked, build_glue, next_tokens, prompt_tokens, system_prompt
from keydiff_cli.text.question import leant_on


class Conversation:
    """Questions and answers that follow each other.

    They live in the cache beside what was read, which they cannot push out: when their share
    (``settings.conversation`` tokens) is full, older parts of the conversation go, by KeyDiff. Of
    what stays, one half at most is for questions, which are kept whole, the first ones first; the
    current question stays whole in any case; half of the rest is for the latest tokens.

    Whatever fails or is stopped leaves :attr:`turns` as they were. The cache may lack the last of
    them then, which go through the model again before the next question; or all may be lost
    (:attr:`attached`).

    As long as there is more to read (:attr:`~keydiff_cli.Reader.reading`) the cache has none of
    them: a question is answered after the latest of them that there is room for, and all of them
    go through the model once all is read.

    Parameters
    ----------
    reader
        The reader, which has read the documents and has no other conversation going on.
    turns
        What was said before, elsewhere.

    Raises
    ------
    UsageError
        If nothing was read.
    ModelError
        If the chat template has no room for a second question.
    """

    def __init__(self, reader: Reader, turns: Sequence[Turn] = ()) -> None:
        self._reader = reader
        self._turns = list(turns)
        self._starts: list[TurnStart] = []  # of the turns that are in the cache, the first ones
        self._attach()
        system = system_prompt(reader.settings.system, documents=bool(reader.corpus.documents))
        self._glue = build_glue(self._model, system)

    def _attach(self) -> None:
        cache = self._reader.cache
        if cache is None:
            raise UsageError("there is nothing to talk about: read a document first")
        self._cache, self._model = cache, cache.context.model

    @property
    def attached(self) -> bool:
        """Whether the cache still holds what was read and said."""
        return self._reader.cache is self._cache

    @property
    def turns(self) -> list[Turn]:
        """What was said."""
        return list(self._turns)

    @property
    def tokens(self) -> int:
        """Rows that the conversation has in the cache now."""
        if self._reader.reading or not self.attached:
            return 0
        return self._cache.used - sum(pin.rows for pin in self._cache.pinned[:1])

    def say(self, question: str, sampler: Sampler | None = None) -> Iterator[str]:
        """Answer a question, piece by piece.

        Stopped before its answer begins, the question is taken back; later, it stays with as
        much of the answer as there is.

        Parameters
        ----------
        sampler
            In place of the one of the settings.

        Raises
        ------
        UsageError
            If the question does not fit, another one is being answered, or something else was read
            in the meantime.
        """
        if self._reader.reading:
            yield from self._meanwhile(len(self._turns), question, sampler)
            return
        self.catch_up()
        yield from self._answer(question, sampler)

    def say_again(self, sampler: Sampler | None = None) -> Iterator[str]:
        """Answer the last question anew; until the answer begins, the last one stays.

        Parameters
        ----------
        sampler
            In place of the one of the settings.

        Raises
        ------
        UsageError
            If nothing was said, or as :meth:`say`.
        """
        self._require_ready()
        if not self._turns:
            raise UsageError("there is nothing to take back")
        return self._again(sampler)

    def _again(self, sampler: Sampler | None) -> Iterator[str]:
        before = len(self._turns) - 1
        question = self._turns[before].question
        if self._reader.reading:
            yield from self._meanwhile(before, question, sampler)
            return
        self.catch_up(before)
        self._go_back(before)
        yield from self._answer(question, sampler)

    def _meanwhile(self, count: int, question: str, sampler: Sampler | None) -> Iterator[str]:
        """Answer what follows the first ``count`` turns, from what was read so far."""
        self._require_ready()
        with self._reader.paused():
            before = latest_turns(self._reader, self._glue, self._turns[:count], question)
            aside = Conversation(self._reader, before)
            try:
                yield from aside.say(question, sampler)
            finally:
                if said := aside.turns[len(before) :]:
                    self._turns[count:] = said

    def _answer(self, question: str, sampler: Sampler | None) -> Iterator[str]:
        """Answer what follows the turns in the cache, and have it take the place of the others."""
        composed = self._reader.composed(question, self._tokens, sampler)
        if composed is not None:
            yield from self._told(question, composed)
            return
        cache, asked, start = self._cache, self._tokens(question), TurnStart.of(self._cache)
        before = leant_on(turn.question for turn in self._turns[: len(self._starts)])
        try:
            with self._reader.evidence(question, asked, before) as passages:
                asked = self._tokens(question, passages.text)
                answer = self._reader.answer(asked, sampler)
                citing = self._reader.citing(question, passages)
                supporting = self._reader.supporting(question, passages, self._tokens)
                yield from self._reader.generate(answer, citing, supporting)
        finally:
            if self.attached and cache.tokens >= start.tokens + len(asked.ids):
                with hold_interrupt():  # or the cache would have a turn that nobody knows of
                    start.drop_passages(cache, asked)
                    turn = Turn(question, answer.text, answer.stop_reason)
                    self._turns[len(self._starts) :] = [turn]
                    self._keep(start)
            elif self.attached:
                with suppress(KeydiffError):  # what stopped it matters more
                    self._go_to(len(self._starts), start, dirty=True)

    def _told(self, question: str, composed: Composed) -> Iterator[str]:
        """Give an answer that is put together; the turn goes through the model before the next."""
        try:
            yield from self._reader.told(composed, self._reader.citing(question))
        finally:
            if self.attached and composed.text:
                turn = Turn(question, composed.text, composed.stop_reason)
                self._turns[len(self._starts) :] = [turn]

    def replay(self, turns: Sequence[Turn]) -> None:
        """Take up a conversation: what was said goes through the model once more.

        Raises
        ------
        UsageError
            As :meth:`say`.
        """
        self.catch_up()
        before = len(self._turns)
        self._turns += turns
        try:
            self.catch_up()
        except BaseException:
            del self._turns[before:]
            raise

    def catch_up(self, count: int | None = None) -> None:
        """Let the turns that the cache lacks go through the model: of the first ``count``, or all.

        As long as there is more to read it does nothing.

        Raises
        ------
        UsageError
            As :meth:`replay`.
        """
        self._require_ready()
        if self._reader.reading:
            return
        known, before = len(self._starts), TurnStart.of(self._cache)
        try:
            for turn in self._turns[known:count]:
                start = TurnStart.of(self._cache)
                add_question(self._cache, self._tokens(turn.question).ids)
                extend(self._cache, self._model.tokenize(turn.answer))
                self._keep(start)
        except BaseException:
            self._go_to(known, before, dirty=True)
            raise

    def undo(self) -> Turn:
        """Forget the last question and its answer.

        Where the cache cannot be taken back, the documents are read again, most likely from a
        snapshot, and what was said before goes through the model again.

        Raises
        ------
        UsageError
            If nothing was said, or as :meth:`say`.
        """
        self._require_ready()
        if not self._turns:
            raise UsageError("there is nothing to take back")
        self._go_back(len(self._turns) - 1)
        return self._turns.pop()

    def clear(self) -> None:
        """Forget everything that was said; see :meth:`undo`."""
        self._require_ready()
        self._go_back(0)
        self._turns.clear()

    def _require_ready(self) -> None:
        if not self.attached:
            raise UsageError("this conversation has ended: something else was read")
        self._reader.require_idle()

    def _tokens(self, question: str, passages: str = "") -> Asked:
        """The tokens of a question that follows the turns in the cache."""
        model, prompt = self._model, self._reader.held.prompt
        if self._starts:
            return next_tokens(model, prompt, self._glue, question, passages)
        return prompt_tokens(model, prompt, question, passages)[1]

    def _keep(self, start: TurnStart) -> None:
        """Keep the question of a turn whole if there is room for it, else let it compete."""
        _, *questions = self._cache.pinned
        if sum(pin.rows for pin in questions) > self._reader.settings.conversation / 2:
            self._cache.pinned = [pin for pin in self._cache.pinned if pin.start < start.tokens]
        self._starts.append(start)

    def _go_back(self, count: int) -> None:
        """Let the cache hold the first ``count`` turns only."""
        if count < len(self._starts):
            self._go_to(count, self._starts[count])

    def _go_to(self, count: int, start: TurnStart, *, dirty: bool = False) -> None:
        """Let the cache hold what it did when it held ``count`` turns and the next one started.

        ``dirty`` says that the cache holds parts of something else, and is given up if this fails.
        """
        cache = self._cache
        if start.reachable(cache) and (cache.tokens == start.tokens or not self._model.window):
            try:
                cache.truncate(start.position)
            finally:  # Ctrl-C comes after it
                del self._starts[count:]
            return
        try:
            self._reader.reread()
            self._attach()
            self._starts = []
            self.catch_up(count)
        except BaseException:
            if dirty or self._cache is not cache:
                self._reader.close()
            raise
