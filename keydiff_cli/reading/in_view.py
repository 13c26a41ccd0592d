"""Parts of what was read in view, one after another, each to be asked any number of questions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np

from keydiff_cli.cache import Aside, Image
from keydiff_cli.engine.leaning import leaning
from keydiff_cli.engine.views import NoViewError, Stored, Views, longest_view, put_aside
from keydiff_cli.reading.held import Held
from keydiff_cli.snapshots import DamagedError
from keydiff_cli.text.passages import Passage
from keydiff_cli.text.prompts import Asked, prompt_tokens


class InView:
    """Asks about parts, each of which is alone in the cache then; made by :func:`in_view`."""

    def __init__(self, held: Held, views: Views) -> None:
        self._held = held
        self._views = views
        self._shown: Passage | None = None
        self._end = 0  # the position after it
        self._leads: dict[str, Image] = {}

    def leaning(self, part: Passage, question: str) -> float:
        """How much the model leans to yes, 0 to 1: :func:`~keydiff_cli.engine.leaning.leaning`."""
        self.show(part)
        return leaning(self._held.cache, question_tokens(self._held, question))

    def leaning_after(self, lead: str, text: str) -> float:
        """As :meth:`leaning`, after a text that follows another one, beside which no part is.

        What comes first is run once.
        """
        cache, self._shown = self._held.cache, None
        if lead not in self._leads:
            self.show_text(lead)
            self._leads[lead] = cache.image(copy=True)
        cache.load(self._leads[lead])
        return leaning(cache, Asked(cache.context.model.tokenize(text), 0))

    def show(self, part: Passage) -> None:
        """Have a part in view, and no question to it."""
        views, cache = self._views, self._held.cache
        if part == self._shown and not cache.context.model.window:
            cache.truncate(self._end)
            return
        self._shown = None
        try:
            views.show(part)
        except (DamagedError, OSError) as error:
            if views.stored is None:
                raise
            self._held.recaller.give_up(error)
            views.stored = None
            views.show(part)
        self._shown, self._end = part, cache.position

    def show_text(self, text: str) -> None:
        """Have a text in view in place of a part."""
        self._shown = None
        self._views.show_text(self._held.cache.context.model.tokenize(text))


@contextmanager
def in_view(held: Held, in_use: Callable[[], bool]) -> Iterator[InView]:
    """Let parts be in view; in the end the cache holds what it does now.

    Parameters
    ----------
    in_use
        Whether what was read is held still.

    Raises
    ------
    NoViewError
        If what the cache holds cannot be put aside.
    LostRowsError
        If it cannot be put back.
    """
    cache = held.cache
    head, _ = prompt_tokens(cache.context.model, held.prompt, "")
    compaction = cache.compaction
    with put_aside(cache, in_use) as aside:
        stored, shifts = _stored(held, aside), aside.image.shifts
        yield InView(held, Views(cache, head, held.corpus.slice, stored, shifts, compaction))


def question_tokens(held: Held, question: str) -> Asked:
    """The tokens of a question that follows a part."""
    return prompt_tokens(held.cache.context.model, held.prompt, question)[1]


def longest_in_view(held: Held, longest: int, question: str) -> int:
    """Tokens of the longest part that can be in view, ``longest`` at most or half of it, and so on.

    Parameters
    ----------
    question
        What a part is asked.

    Raises
    ------
    NoViewError
        If there are cells for none of some length.
    """
    asked = len(question_tokens(held, question).ids)
    for size in (longest >> halved for halved in range(3)):
        if size <= longest_view(held.cache, held.head, asked):
            return size
    raise NoViewError(
        "there is no room for a question beside a part of the text; shorten it, or raise the "
        "setting 'conversation'"
    )


def _stored(held: Held, aside: Aside) -> Stored | None:
    """What gives the rows of tokens of the documents; None if they have to be read again."""
    archive = held.recaller.archive
    if not held.stored:
        return None
    if held.intact or archive is None:
        first, heads = held.head, held.cache.rows.heads
        return lambda start, stop: aside.rows(first + start, first + stop, heads)
    return lambda start, stop: archive.rows(np.arange(start, stop))
