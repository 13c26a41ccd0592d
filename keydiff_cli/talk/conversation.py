"""A conversation about what was read, within its own share of the cache."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from keydiff_cli.engine.answer import Sampler, add_question, extend
from keydiff_cli.errors import KeydiffError, UsageError
from keydiff_cli.reading.preparation import system_prompt
from keydiff_cli.reading.reader import Reader
from keydiff_cli.report import Turn
from keydiff_cli.text.prompts import Asked, build_glue, next_tokens, prompt_tokens


@dataclass(frozen=True)
class _Said:
    """A turn, and where it begins: a token, after so many evictions."""

    turn: Turn
    start: int
    evicted: int


class Conversation:
    """Questions and answers that follow each other.

    They live in the cache beside what was read, which they cannot push out: when their share
    (``settings.conversation`` tokens) is full, older parts of the conversation go, by KeyDiff. Of
    what stays, one half at most is for questions, which are kept whole, the first ones first; the
    current question stays whole in any case; half of the rest is for the latest tokens.

    Whatever fails or is stopped leaves the conversation as it was. Only the cache may be lost then
    (:attr:`attached`).

    Parameters
    ----------
    reader
        That has read the documents, and has no other conversation going on.

    Raises
    ------
    UsageError
        If nothing was read.
    ModelError
        If the chat template has no room for a second question.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._said: list[_Said] = []
        self._attach()
        documents = bool(reader.report.documents)
        self._glue = build_glue(self._model, system_prompt(reader.settings, documents=documents))

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
        return [said.turn for said in self._said]

    @property
    def tokens(self) -> int:
        """Rows that the conversation has in the cache now."""
        document, *_ = self._cache.pinned
        return self._cache.used - document.rows

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
            If the question does not fit, or something else was read in the meantime.
        """
        self._require_attached()
        cache = self._cache
        asked = self._tokens(question)
        start, evicted = cache.position, cache.evicted
        text = ""
        try:
            for piece in self._reader.answer(asked, sampler):
                text += piece
                yield piece
        finally:
            if self.attached and cache.position >= start + len(asked.ids):
                turn = Turn(question, text, self._reader.report.stop_reason)
                self._add(turn, start, evicted)
            elif self.attached:
                with suppress(KeydiffError):  # what stopped it matters more
                    self._go_back(len(self._said), start, evicted, dirty=True)

    def replay(self, turns: Sequence[Turn]) -> None:
        """Take up a conversation: what was said goes through the model once more.

        Raises
        ------
        UsageError
            If a question does not fit, or something else was read in the meantime.
        """
        self._require_attached()
        said, first = len(self._said), (self._cache.position, self._cache.evicted)
        try:
            for turn in turns:
                start, evicted = self._cache.position, self._cache.evicted
                add_question(self._cache, self._tokens(turn.question).ids)
                extend(self._cache, self._model.tokenize(turn.answer))
                self._add(turn, start, evicted)
        except BaseException:
            self._go_back(said, *first, dirty=True)
            raise

    def undo(self) -> Turn:
        """Forget the last question and its answer.

        Where the cache cannot be taken back, the documents are read again, most likely from a
        snapshot, and what was said before goes through the model again.

        Raises
        ------
        UsageError
            If nothing was said, or something else was read in the meantime.
        """
        self._require_attached()
        if not self._said:
            raise UsageError("there is nothing to take back")
        last = self._said[-1]
        self._go_back(len(self._said) - 1, last.start, last.evicted)
        return last.turn

    def clear(self) -> None:
        """Forget everything that was said; see :meth:`undo`."""
        self._require_attached()
        if self._said:
            self._go_back(0, self._said[0].start, self._said[0].evicted)

    def _require_attached(self) -> None:
        if not self.attached:
            raise UsageError("this conversation has ended: something else was read")

    def _tokens(self, question: str) -> Asked:
        if self._said:
            return next_tokens(self._model, self._reader.prompt, self._glue, question)
        return prompt_tokens(self._model, self._reader.prompt, question)[1]

    def _add(self, turn: Turn, start: int, evicted: int) -> None:
        """Keep the question whole if there is room for it, else let it compete."""
        _, *questions = self._cache.pinned
        if sum(pin.rows for pin in questions) > self._reader.settings.conversation / 2:
            self._cache.unpin(start)
        self._said.append(_Said(turn, start, evicted))

    def _go_back(self, turns: int, start: int, evicted: int, *, dirty: bool = False) -> None:
        """Hold what there was after so many turns, when ``start`` tokens had been appended.

        ``dirty`` says that the cache holds parts of something else, and is given up if this fails.
        """
        cache = self._cache
        if cache.evicted == evicted and (cache.position == start or not self._model.window):
            try:
                cache.truncate(start)
            finally:  # Ctrl-C comes after it
                del self._said[turns:]
            return
        said = self._said
        try:
            self._reader.reread()
            self._attach()
            self._said = []
            self.replay([one.turn for one in said[:turns]])
        except BaseException:
            self._said = said
            if dirty or self._cache is not cache:
                self._reader.close()
            raise
