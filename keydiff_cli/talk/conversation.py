"""A conversation about what was read, within its own share of the cache."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress

from keydiff_cli.engine.sampling import Sampler
from keydiff_cli.errors import KeydiffError, UsageError
from keydiff_cli.llama import hold_interrupt
from keydiff_cli.reading.composed import Composed
from keydiff_cli.reading.recorded_answer import Wanted
from keydiff_cli.report import Turn
from keydiff_cli.shapes import Shape
from keydiff_cli.talk.latest import latest_turns
from keydiff_cli.talk.remembered import Remembered
from keydiff_cli.talk.turn_start import TurnStart
from keydiff_cli.text.prompts import answer_tokens
from keydiff_cli.text.question import leant_on


class Conversation(Remembered):
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

    def say(
        self, question: str, sampler: Sampler | None = None, shape: Shape | None = None
    ) -> Iterator[str]:
        """Answer a question, piece by piece.

        Stopped before its answer begins, the question is taken back; later, it stays with as
        much of the answer as there is.

        Parameters
        ----------
        sampler
            In place of the one of the settings.
        shape
            What the answer is to be, once all is read; None for a text. The question stays with
            what the model is told of it.

        Raises
        ------
        UsageError
            If the question does not fit, another one is being answered, or something else was read
            in the meantime; or if there is more to read, and a shape.
        AnswerError
            If the answer is not of its shape in the end, as it was cut off.
        """
        if self._reader.reading:
            if shape is not None:
                raise UsageError("an answer is data when all is read")
            yield from self._meanwhile(len(self._turns), question, sampler)
            return
        self.catch_up()
        yield from self._answer(question, sampler, shape=shape)

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
            raise UsageError("there is nothing to answer again: nothing was said")
        return self._again(sampler)

    def _again(self, sampler: Sampler | None, *, going_on: bool = False) -> Iterator[str]:
        before = len(self._turns) - 1
        turn = self._turns[before]
        begun = self._tokens_of(turn) if going_on else ()
        if self._reader.reading:
            yield from self._meanwhile(before, turn.question, sampler, begun)
            return
        self.catch_up(before)
        self._go_back(before)
        yield from self._answer(turn.question, sampler, begun)

    def _tokens_of(self, turn: Turn) -> Sequence[int]:
        """The tokens of a turn's answer: those that were generated, if it was the last one."""
        known, tokens = self._generated
        if known == turn:
            return tokens
        prompt = self._reader.held.prompt
        return [int(token) for token in answer_tokens(self._model, prompt, turn.answer)]

    def go_on(self, sampler: Sampler | None = None) -> Iterator[str]:
        """Go on with the last answer, which stopped before its end; what there is of it stays.

        The cache is brought to where it stopped: passages and rows that go with an answer are
        there again.

        Parameters
        ----------
        sampler
            In place of the one of the settings.

        Raises
        ------
        UsageError
            If no answer stopped, or as :meth:`say`.
        """
        self._require_ready()
        if self._taken_back:
            raise UsageError("there is nothing to continue: no answer had begun; ask it again")
        if not self._turns or self._turns[-1].stop_reason == "eos":
            what = "the last answer came to its end" if self._turns else "nothing was said"
            raise UsageError(f"there is nothing to continue: {what}")
        return self._again(sampler, going_on=True)

    def _meanwhile(
        self, count: int, question: str, sampler: Sampler | None, begun: Sequence[int] = ()
    ) -> Iterator[str]:
        """Answer what follows the first ``count`` turns, from what was read so far."""
        self._require_ready()
        with self._reader.paused():
            before = latest_turns(self._reader, self._glue, self._turns[:count], question)
            aside = Conversation(self._reader, before)
            try:
                aside.catch_up()
                aside._require_room(question, begun)
                yield from aside._answer(question, sampler, begun)
            finally:
                if said := aside.turns[len(before) :]:
                    self._turns[count:] = said

    def _require_room(self, question: str, begun: Sequence[int]) -> None:
        """Make sure that nothing of what was read has to make room for what was begun."""
        needed = len(self._tokens(question).ids) + self._reader.settings.second_look + len(begun)
        if begun and self._cache.free < needed:
            raise UsageError("there is no room to go on with the answer until all is read")

    def _answer(
        self,
        question: str,
        sampler: Sampler | None,
        begun: Sequence[int] = (),
        shape: Shape | None = None,
    ) -> Iterator[str]:
        """Answer what follows the turns in the cache, and have it take the place of the others.

        An answer that was ``begun`` goes on with these tokens, which are not given.
        """
        composed = None
        if not begun:
            composed = self._reader.composed(question, self._tokens, sampler, shape)
        if composed is not None:
            yield from self._told(question, composed, cite=shape is None)
            return
        sought = question
        if shape is not None:
            sought, question = f"{question} {shape.words}", shape.asked(question)
        cache, asked, start = self._cache, self._tokens(question), TurnStart.of(self._cache)
        before = leant_on(turn.question for turn in self._turns[: len(self._starts)])
        try:
            with self._reader.evidence(sought, asked, before) as passages:
                asked = self._tokens(question, passages.text)
                answer = self._reader.answer(
                    asked,
                    sampler,
                    begun=begun,
                    grammar=shape.grammar if shape else "",
                    left_out=passages.headings,
                )
                citing = supporting = None
                if shape is None:
                    citing = self._reader.citing(question, passages)
                if shape is None and not begun:
                    supporting = self._reader.supporting(question, passages, self._tokens)
                yield from self._reader.generate(answer, Wanted(citing, supporting, shape))
        finally:
            if self.attached and cache.tokens >= start.tokens + len(asked.ids) + len(begun):
                with hold_interrupt():  # or the cache would have a turn that nobody knows of
                    start.drop_passages(cache, asked)
                    turn = self._turn(question, answer.text, answer.stop_reason)
                    self._turns[len(self._starts) :] = [turn]
                    self._generated = turn, [*begun, *answer.tokens]
                    self._keep(start)
                self._taken_back = False
            elif self.attached:
                self._taken_back = not begun
                with suppress(KeydiffError):  # what stopped it matters more
                    self._go_to(len(self._starts), start, dirty=True)

    def _told(self, question: str, composed: Composed, *, cite: bool) -> Iterator[str]:
        """Give an answer that is put together; the turn goes through the model before the next."""
        try:
            citing = self._reader.citing(question) if cite else None
            yield from self._reader.told(composed, citing)
        finally:
            if self.attached and composed.text:
                turn = self._turn(question, composed.text, composed.stop_reason)
                self._turns[len(self._starts) :] = [turn]
                self._taken_back = False

    def _turn(self, question: str, answer: str, stop_reason: str) -> Turn:
        return Turn(question, answer, stop_reason, self._reader.report.citations)
