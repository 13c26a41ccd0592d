"""What was said in a conversation, and how much of it the cache has."""

from __future__ import annotations

from collections.abc import Sequence

from keydiff_cli.engine.answer import add_question, extend
from keydiff_cli.errors import UsageError
from keydiff_cli.reading.reader import Reader
from keydiff_cli.report import Turn
from keydiff_cli.talk.turn_start import TurnStart
from keydiff_cli.text.prompts import (
    Asked,
    answer_tokens,
    build_glue,
    next_tokens,
    prompt_tokens,
    system_prompt,
)


class Remembered:
    """Turns of a conversation, the first of which are in the cache.

    Parameters
    ----------
    reader
        As :class:`~keydiff_cli.talk.conversation.Conversation`.
    turns
        What was said before, elsewhere.
    """

    def __init__(self, reader: Reader, turns: Sequence[Turn] = ()) -> None:
        self._reader = reader
        self._turns = list(turns)
        self._generated: tuple[Turn | None, Sequence[int]] = None, ()  # the last turn's answer
        self._taken_back = False  # whether the last question was, as it was stopped too early
        self._starts: list[TurnStart] = []  # of the turns that are in the cache, the first ones
        self._attach()
        system = system_prompt(reader.settings.system, documents=bool(reader.corpus.documents))
        self._glue = build_glue(self._model, system, think=reader.settings.think)

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
                prompt = self._reader.held.prompt
                extend(self._cache, answer_tokens(self._model, prompt, turn.answer))
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
        last = self._turns[-1]
        self.back_to(len(self._turns) - 1)
        return last

    def clear(self) -> None:
        """Forget everything that was said; see :meth:`undo`."""
        self.back_to(0)

    def back_to(self, count: int) -> None:
        """Forget all that was said but the first ``count`` turns; see :meth:`undo`."""
        self._require_ready()
        self._go_back(count)
        del self._turns[count:]

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
