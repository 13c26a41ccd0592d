"""Texts that an answer ends before: OpenAI's ``stop``."""

from __future__ import annotations

from collections.abc import Sequence


class Stops:
    """Passes an answer on, piece by piece, up to the first of some texts that is whole.

    What may be the beginning of one is held back until it is clear.

    Attributes
    ----------
    found : bool
        Whether one of the texts has come, so that nothing more is passed on.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = texts
        self._held = ""
        self.found = False

    def feed(self, text: str) -> str:
        """What can be passed on once this piece has come."""
        if self.found:
            return ""
        text = self._held + text
        if (start := first_of(text, self._texts)) is not None:
            self.found, self._held = True, ""
            return text[:start]
        kept = max((_begun(text, stop) for stop in self._texts), default=0)
        self._held = text[len(text) - kept :]
        return text[: len(text) - kept]

    def rest(self) -> str:
        """What was held back, when the answer is over."""
        held, self._held = self._held, ""
        return held


def first_of(text: str, stops: Sequence[str]) -> int | None:
    """Where the one of some texts begins that ends first in another, the longest one of these."""
    places = ((text.find(stop), len(stop)) for stop in stops)
    ends = [(start + size, start) for start, size in places if start >= 0]
    return min(ends)[1] if ends else None


def _begun(text: str, stop: str) -> int:
    """So many characters at the end of a text are the beginning of another one."""
    sizes = range(min(len(text), len(stop) - 1), 0, -1)
    return next((size for size in sizes if text.endswith(stop[:size])), 0)
