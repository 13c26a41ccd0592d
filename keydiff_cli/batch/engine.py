"""Who asks: this process, others on this machine, or a cluster; all behind one interface."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Protocol

from keydiff_cli.batch.asker import Asker
from keydiff_cli.batch.messages import Job, Message, Orders


class Engine(Protocol):
    """Is given documents, and tells what comes of them."""

    def messages(self, jobs: Iterator[Job]) -> Generator[Message, None, None]:
        """What comes of jobs, each of which is taken when there is somebody to do it.

        The questions about a document come in their order, those about different documents as they
        are answered. Closed early, it ends what it has begun.
        """


class Here:
    """Asks in this process, about one document after another."""

    def __init__(self, orders: Orders) -> None:
        self._orders = orders

    def messages(self, jobs: Iterator[Job]) -> Generator[Message, None, None]:
        """As of :class:`Engine`."""
        with Asker(self._orders) as asker:
            for job in jobs:
                yield from asker.messages(job)
