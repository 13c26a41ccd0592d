"""What is held for questions: documents in a cache, read or being read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from keydiff_cli.cache import KVCache, LostRowsError
from keydiff_cli.engine.answer import Answer
from keydiff_cli.engine.sampling import Sampler
from keydiff_cli.errors import UsageError
from keydiff_cli.llama import hold_interrupt
from keydiff_cli.reading.by_blocks import Reading
from keydiff_cli.reading.held import Held
from keydiff_cli.reading.recorder import Recorder
from keydiff_cli.settings.config import Settings
from keydiff_cli.text.prompts import Asked, without_thought


class Holding:
    """Documents in a cache, which one question at a time may use.

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
        self._composing = False  # whether an answer is being put together

    def close(self) -> None:
        """Hold nothing any more."""
        self._held = self._reading = self._answer = None
        self._paused = False
        self.recorder.documents_held(None)  # whose places the model is needed for

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

    def answer(
        self,
        asked: Asked,
        sampler: Sampler | None = None,
        most: int | None = None,
        begun: Sequence[int] = (),
        grammar: str = "",
        left_out: Sequence[str] = (),
    ) -> Answer:
        """An answer to the tokens of a question, by the sampler of the settings or another one.

        Parameters
        ----------
        most
            Where it ends at the latest, in tokens, if that is before the limit of the settings.
        begun
            Tokens that it begins with, beside those.
        grammar
            Of the texts that it may be, in GBNF, without thoughts before it; empty for any text.
        left_out
            Lines that are no part of it, though the model may repeat them.

        Raises
        ------
        UsageError
            If nothing was read.
        """
        cache, settings = self.held.cache, self.settings
        sampler = sampler or Sampler(settings.temperature, settings.seed)
        if grammar:
            asked = without_thought(cache.context.model, asked)
        most = min(settings.max_tokens, settings.max_tokens if most is None else most)
        if self._paused:  # nothing of what was read may have to make room
            most = max(min(most, cache.free - len(asked.ids) - len(begun)), 1)
        return Answer(
            cache,
            asked,
            max_tokens=most,
            sampler=sampler,
            begun=begun,
            grammar=grammar,
            thought=self.recorder.thought,
            left_out=left_out,
        )

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

    def _require_all_read(self, what_for: str) -> None:
        if self._reading is not None:
            raise UsageError(f"there is more to read before it can be {what_for}")

    def require_idle(self) -> None:
        """Make sure that no answer is being generated, which the cache is needed for.

        Raises
        ------
        UsageError
            If one is, or notes are being made.
        """
        if self._answer is not None:
            raise UsageError("an answer is still being generated: take all of it, or close it")
        if self._composing:
            raise UsageError("an answer is still being put together: take all of it, or close it")
        if self._viewing:
            raise UsageError("notes are still being made: take all of them, or close them")
