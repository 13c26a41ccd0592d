"""Giving documents to workers, one at a time; what one leaves that dies is done by another."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Protocol

from keydiff_cli.batch.messages import Job, Message, Outcome, Over

TRIES = 2  # workers that may die over a document


@dataclass(frozen=True)
class Died:
    """A worker is gone before its job was over; ``how`` says it in words."""

    how: str


class Crew(Protocol):
    """Workers, each of which has a place.

    Attributes
    ----------
    places
        How many there are.
    """

    places: int

    def start(self, place: int) -> None:
        """Start a worker, also in place of one that died."""

    def give(self, place: int, job: Job) -> None:
        """Give a job to a worker that has none."""

    def receive(self) -> tuple[int, Message | Died]:
        """Wait for what a worker tells next, and where it is."""

    def close(self) -> None:
        """End all workers, whatever they do."""


@dataclass
class _Task:
    """A job: what is left of it, and how many workers have died over it."""

    job: Job
    deaths: int = 0

    def answered(self, question: str) -> None:
        """A question needs no other answer."""
        left = tuple(each for each in self.job.questions if each != question)
        self.job = replace(self.job, questions=left)


class Dispatcher:
    """An :class:`~keydiff_cli.batch.engine.Engine` of workers."""

    def __init__(self, crew: Crew) -> None:
        self._crew = crew

    def messages(self, jobs: Iterator[Job]) -> Generator[Message, None, None]:
        """As of :class:`~keydiff_cli.batch.engine.Engine`.

        A document whose worker dies is read on by another one, from what was kept of it, for the
        questions that are left; if that one dies, too, these fail.
        """
        again: deque[_Task] = deque()
        tasks: dict[int, _Task] = {}  # by their places
        idle, started = list(range(self._crew.places)), set[int]()
        with closing(self._crew):
            while True:
                while idle and (task := _next(again, jobs)) is not None:
                    place = idle.pop(0)
                    if place not in started:
                        self._crew.start(place)
                        started.add(place)
                    tasks[place] = task
                    self._crew.give(place, task.job)
                if not tasks:
                    return
                place, message = self._crew.receive()
                task = tasks[place]
                if isinstance(message, Died):
                    started.remove(place)
                    task.deaths += 1
                    if task.deaths < TRIES and task.job.questions:
                        again.append(task)
                    else:
                        yield from _failed(task.job, message)
                else:
                    if isinstance(message, Outcome):
                        task.answered(message.question)
                    yield message
                if isinstance(message, Died | Over):
                    del tasks[place]
                    idle.append(place)


def _next(again: deque[_Task], jobs: Iterator[Job]) -> _Task | None:
    """What to do next: first what another one has not done."""
    if again:
        return again.popleft()
    job = next(jobs, None)
    return None if job is None else _Task(job)


def _failed(job: Job, died: Died) -> Iterator[Message]:
    why = f"the process that read it has died twice: {died.how}; ask about it alone to see more"
    for question in job.questions:
        yield Outcome(job.number, question, why)
    yield Over(job.number)
