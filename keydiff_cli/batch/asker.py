"""Asking about documents one after another, with a model that stays loaded."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from keydiff_cli.batch.messages import Far, Job, Message, Orders, Outcome, Over, Stop, Told
from keydiff_cli.errors import KeydiffError, ModelError, setting
from keydiff_cli.reading.reader import Reader
from keydiff_cli.report import Events, Progress


class _Ears(Events):
    """Keeps what is told, to be sent on; settings stay marked."""

    def __init__(self) -> None:
        self.number = 0  # of the document
        self.progress: Progress | None = None
        self._told: list[Told] = []

    def taken(self) -> Iterator[Told]:
        """What was told since the last time."""
        told, self._told = self._told, []
        yield from told

    def write_setting(self, name: str, value: str | None) -> str:
        return setting(name, value)

    def note(self, text: str) -> None:
        self._told.append(Told(self.number, "note", (text,)))

    def warning(self, text: str) -> None:
        self._told.append(Told(self.number, "warning", (text,)))

    def started(self, *values: Any) -> None:
        self.progress = None
        self._told.append(Told(self.number, "started", values))

    def reading(self, progress: Progress) -> None:
        self.progress = progress


class Asker:
    """Reads each document once, and asks all questions about it; to be closed."""

    def __init__(self, orders: Orders) -> None:
        self._shape = orders.shape
        self._ears = _Ears()
        self._reader = Reader(orders.settings, self._ears)

    def __enter__(self) -> Asker:
        return self

    def __exit__(self, *error: object) -> None:
        self._reader.close()

    def messages(self, job: Job) -> Iterator[Message]:
        """What comes of a job; :class:`Over` or :class:`Stop` in the end.

        Raises
        ------
        KeyboardInterrupt
            If the user stops it.
        """
        self._ears.number = job.number
        started = time.perf_counter()
        try:
            with _local(job) as path:
                yield from self._read(job, path)
        except ModelError as error:
            yield Stop(error.marked)
            return
        except KeydiffError as error:
            yield from self._ears.taken()
            for question in job.questions:
                yield Outcome(job.number, question, error.marked)
            yield Over(job.number)
            return
        seconds = time.perf_counter() - started
        for question in job.questions:
            try:
                yield self._answered(job, question, seconds)
            except ModelError as error:
                yield Stop(error.marked)
                return
            except KeydiffError as error:
                yield Outcome(job.number, question, error.marked)
            yield from self._ears.taken()
        yield Over(job.number)

    def _read(self, job: Job, path: str) -> Iterator[Message]:
        """Read a document; for its question, if there is only one."""
        question = job.questions[0] if len(job.questions) == 1 else None
        if question is not None and self._shape is not None:
            question = self._shape.asked(question)
        self._reader.read([path], question=question, talk=question is None, stepwise=True)
        going_on = True
        while going_on:
            yield from self._ears.taken()
            if (share := self._share()) is not None:
                yield Far(job.number, share)
            going_on = self._reader.step()

    def _share(self) -> float | None:
        """How much of the document was read, as far as it is known."""
        progress = self._ears.progress
        if progress is None or progress.place is None or not progress.place.total:
            return None
        return min(progress.place.done / progress.place.total, 1.0)

    def _answered(self, job: Job, question: str, reading: float) -> Outcome:
        started = time.perf_counter()
        for _ in self._reader.stream(question, rewind=len(job.questions) > 1, shape=self._shape):
            pass
        report = self._reader.report
        return Outcome(
            job.number,
            question,
            answer=report.answer,
            data=report.data,
            stop_reason=report.stop_reason,
            supported=report.supported,
            support=report.support,
            citations=report.citations,
            tokens=report.tokens.document,
            reading_seconds=reading,
            seconds=time.perf_counter() - started,
        )


@contextmanager
def _local(job: Job) -> Iterator[str]:
    """The path of a document, which is written to a file of its name if it was sent along."""
    if job.data is None:
        yield job.path
        return
    with tempfile.TemporaryDirectory(prefix="keydiff-") as folder:
        path = Path(folder) / os.path.basename(job.path)
        path.write_bytes(job.data)
        yield str(path)
