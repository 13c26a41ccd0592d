"""The same question, asked of every part of what was read."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property

from keydiff_cli.engine.answer import Answer, StopReason
from keydiff_cli.engine.sampling import Sampler
from keydiff_cli.engine.views import NoViewError, longest_view
from keydiff_cli.reading.held import Held
from keydiff_cli.reading.in_view import in_view, question_tokens
from keydiff_cli.text.parts import cut_parts
from keydiff_cli.text.passages import Passage
from keydiff_cli.text.sentences import join_sentences, split_sentences

LONGEST_PART = 1920  # tokens
_LONGEST = (LONGEST_PART, 960, 480, 240)  # the first for which there are cells


def longest_part(room: int) -> int:
    """Tokens of a part at most, where there is room for so many; 0 if there is room for none."""
    return next((size for size in _LONGEST if size <= room), 0)


@dataclass(frozen=True)
class Said:
    """What a part says to a question.

    Attributes
    ----------
    text
        The answer.
    stop_reason
        Why it ended, as of :class:`~keydiff_cli.engine.answer.Answer`.
    """

    text: str
    stop_reason: StopReason

    @property
    def whole(self) -> str:
        """The answer without a last sentence that was cut off."""
        sentences = split_sentences(self.text)
        if self.stop_reason == "length" and sentences and not sentences[-1].is_whole:
            sentences.pop()
        return join_sentences((each, True) for each in sentences)


@dataclass(frozen=True)
class Surveyed(Said):
    """What a part says, and which tokens it has."""

    part: Passage


class Survey:
    """Asks the same question of parts of what was read, each of which is alone in the cache then.

    Parameters
    ----------
    question
        In the words of the user.
    most
        Where an answer stops, in tokens.
    in_use
        Whether what was read is held still.
    enough
        Tokens after which an answer stops at the next end of a sentence or line; None to let the
        model end it.

    Attributes
    ----------
    longest : int
        Tokens of a part, or of a text, at most.

    Raises
    ------
    NoViewError
        If there are cells for no part.
    """

    def __init__(
        self,
        held: Held,
        question: str,
        most: int,
        in_use: Callable[[], bool] = lambda: True,
        *,
        enough: int | None = None,
    ) -> None:
        self._held = held
        self._in_use = in_use
        self._most = most
        self._asked = question_tokens(held, question)
        self._enough = most if enough is None else enough
        room = longest_view(held.cache, held.head, len(self._asked.ids) + most)
        longest = longest_part(room)
        if not longest:
            raise NoViewError(
                f"no part can be looked at alone: there is room for {max(room, 0)} tokens beside "
                "question and answer; raise the setting 'conversation'"
            )
        self.longest = longest
        self._room = room

    @cached_property
    def parts(self) -> list[Passage]:
        """What was read, cut into parts that there are cells for."""
        return cut_parts(self._held.corpus, self.longest, self._room)

    def ask(self, parts: Iterable[Passage]) -> Generator[Surveyed, None, None]:
        """The answer of each of some parts, as it comes; then the cache holds what it did before.

        Raises
        ------
        NoViewError
            If what the cache holds cannot be put aside.
        LostRowsError
            If it cannot be put back.
        """
        with closing(self.steps(parts)) as steps:
            yield from filter(None, steps)

    def steps(self, parts: Iterable[Passage]) -> Generator[Surveyed | None, None, None]:
        """The same, with None when a part is in view, and after each piece of an answer."""
        with in_view(self._held, self._in_use) as view:
            for part in parts:
                view.show(part)
                yield None
                for said in self._said():
                    yield None if said is None else Surveyed(said.text, said.stop_reason, part)

    def text_steps(self, texts: Iterable[str]) -> Generator[Said | None, None, None]:
        """As :meth:`steps`, of some texts, which take the place of parts."""
        with in_view(self._held, self._in_use) as view:
            for text in texts:
                view.show_text(text)
                yield None
                yield from self._said()

    def _said(self) -> Iterator[Said | None]:
        """What is said of what is in view, after None for each piece of it."""
        cache = self._held.cache
        answer = Answer(cache, self._asked, max_tokens=self._most, sampler=Sampler())
        for _ in answer:
            if len(answer.tokens) >= self._enough and _ends_sentence(answer.text):
                yield Said(answer.text, "eos")
                return
            yield None
        yield Said(answer.text, answer.stop_reason)


def _ends_sentence(text: str) -> bool:
    """Whether a text ends with the end of a sentence or line."""
    return text.endswith("\n") or any(each.is_whole for each in split_sentences(text)[-1:])
