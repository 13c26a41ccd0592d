"""One memory cap, and the cores of a machine, for several processes with the same model."""

from __future__ import annotations

from dataclasses import dataclass, replace

from keydiff_cli.errors import MemoryCapError
from keydiff_cli.planning.memory import megabytes
from keydiff_cli.settings.config import Settings
from keydiff_cli.system import machine
from keydiff_cli.system.sizes import format_size


@dataclass(frozen=True)
class Sharing:
    """What several workers have in common.

    The weights are pages of the model's file, which the system has in memory once for all of them.

    Attributes
    ----------
    workers
        How many processes read and answer.
    weights
        Bytes of the weights.
    own
        Bytes of the process that gives them work.
    """

    workers: int
    weights: int
    own: int

    def each(self, total: int) -> int:
        """The cap of a worker, with the weights, in bytes, if all are to stay under ``total``."""
        return max(self.weights + (total - self.own - self.weights) // self.workers, 1)

    def total(self, each: int) -> int:
        """Bytes of all processes, if each worker takes ``each``."""
        return self.own + self.weights + self.workers * (each - self.weights)

    def settings(self, settings: Settings) -> Settings:
        """The settings of a worker, by those of all: its memory and its threads."""
        memory = None if settings.memory is None else self.each(settings.memory)
        threads = settings.threads or machine.physical_cores()
        return replace(settings, memory=memory, threads=max(threads // self.workers, 1))

    def too_small(self, total: int, each: int) -> MemoryCapError:
        """What is wrong with a cap, if the smallest one that works for a worker is ``each``."""
        smallest = self.total(each)
        return MemoryCapError(
            f"a memory cap of {format_size(total)} is too small for {self.workers} workers: the "
            f"smallest cap that works is {megabytes(smallest)}MB; or use fewer",
            smallest,
        )
