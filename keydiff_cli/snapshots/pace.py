"""How often to write while reading goes on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SHARE = 0.02  # of the reading time that writing may take
_GUESS = 2e8  # bytes written in a second, until a first snapshot has been measured


class Pace:
    """Spaces writing out, so that it takes :data:`SHARE` of the time.

    Parameters
    ----------
    clock
        Seconds.

    Attributes
    ----------
    seconds : float
        Spent on writing so far.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._ended = clock()  # when the last snapshot was written, or reading began
        self._cost: float | None = None  # seconds that the last snapshot took
        self.seconds = 0.0

    def due(self, size: int) -> bool:
        """Whether it is time to write ``size`` bytes."""
        cost = size / _GUESS if self._cost is None else self._cost
        return self._clock() - self._ended >= cost / SHARE

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Measure how long writing takes, whatever comes of it."""
        started = self._clock()
        try:
            yield
        finally:
            self._ended = self._clock()
            self._cost = self._ended - started
            self.seconds += self._cost
