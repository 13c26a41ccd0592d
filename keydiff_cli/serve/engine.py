"""The one thread that reads and answers, and the queue before it."""

from __future__ import annotations

import math
import sys
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import replace

from keydiff_cli.errors import AnswerError
from keydiff_cli.llama import stopped_by
from keydiff_cli.serve.fair_queue import FairQueue
from keydiff_cli.serve.job import Answered, Failed, Job, News, Piece, Waiting, Working
from keydiff_cli.serve.metrics import Metrics
from keydiff_cli.serve.refusals import Refusal, refusal_of
from keydiff_cli.serve.stops import Stops
from keydiff_cli.serve.watching import Watching
from keydiff_cli.system.terminal import complain
from keydiff_cli.talk.inquiries import InquiryDesk


class Engine:
    """Answers questions in a thread of its own, one at a time.

    Parameters
    ----------
    open_desk
        Makes what answers; called in that thread, which alone may use it.
    most
        Questions that may wait.
    verbose
        Whether the place of an error that was not foreseen is shown.
    """

    def __init__(
        self,
        open_desk: Callable[[Watching], InquiryDesk],
        metrics: Metrics,
        most: int,
        verbose: bool = False,
    ) -> None:
        self._open_desk = open_desk
        self._metrics = metrics
        self._verbose = verbose
        self._queue: FairQueue[Job] = FairQueue(most)
        self._changed = threading.Condition()  # over the queue and what follows
        self._current: Job | None = None
        self._ending = False
        self._failed: BaseException | None = None
        self._ready = threading.Event()
        self._model = ""
        self._thread = threading.Thread(target=self._run, name="keydiff-engine", daemon=True)

    def start(self) -> str:
        """Load the model; its name.

        Raises
        ------
        KeydiffError
            If it cannot be.
        """
        self._thread.start()
        self._ready.wait()
        if self._failed is not None:
            raise self._failed
        return self._model

    @property
    def waiting(self) -> int:
        """How many questions wait."""
        return len(self._queue)

    @property
    def running(self) -> bool:
        """Whether one is answered now."""
        return self._current is not None

    def submit(self, job: Job) -> int:
        """Let a question wait; how many come before it.

        Raises
        ------
        Refusal
            If too many wait, or the server ends.
        """
        with self._changed:
            if self._ending:
                raise _ended()
            if self._queue.full:
                after = math.ceil(self._metrics.usual_seconds)
                raise Refusal(
                    429,
                    f"{self.waiting} questions wait already; ask again later",
                    code="queue_full",
                    headers={"Retry-After": str(min(max(after, 1), 600))},
                )
            self._queue.put(job.client, job)
            self._changed.notify()
            self._tell_places()
            return job.place or 0

    def cancel(self, job: Job, why: Refusal) -> None:
        """Answer a question no more; it is told so, unless it has its answer."""
        with self._changed:
            job.why = job.why or why
            if self._queue.drop(job):
                self._tell_places()
                job.tell(Failed(job.why))
            job.stop.set()

    def end(self, grace: float) -> None:
        """Answer no more than what is answered now, and that for so many seconds at most."""
        with self._changed:
            self._ending = True
            for job in self._queue.order():
                self._queue.drop(job)
                job.why = _ended()
                job.tell(Failed(job.why))
            current = self._current
            self._changed.notify()
        if current is not None:
            timer = threading.Timer(grace, self.cancel, (current, _ended()))
            timer.daemon = True
            timer.start()

    def join(self, seconds: float) -> bool:
        """Wait until the model is freed; whether it was, in so many seconds."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _tell_places(self) -> None:
        before = int(self._current is not None)
        for number, job in enumerate(self._queue.order(), before):
            if job.place != number:
                job.place = number
                job.tell(Waiting(number))

    def _run(self) -> None:
        watching = Watching(lambda what: self._tell_current(Working(what)))
        try:
            desk = self._open_desk(watching)
            model = desk.report.model
            self._model = model.name if model else ""
        except BaseException as error:
            self._failed = error
            self._ready.set()
            return
        with closing(desk):
            self._ready.set()
            while (job := self._next()) is not None:
                watching.stop = job.stop
                with stopped_by(job.stop):
                    self._answer(desk, job)
                with self._changed:
                    self._current = None
                    self._tell_places()

    def _next(self) -> Job | None:
        with self._changed:
            while not len(self._queue) and not self._ending:
                self._changed.wait()
            if not len(self._queue):
                return None
            self._current = job = self._queue.take()
            self._tell_places()
            return job

    def _tell_current(self, news: News) -> None:
        if self._current is not None:
            self._current.tell(news)

    def _answer(self, desk: InquiryDesk, job: Job) -> None:
        """Answer a question, and tell how that ends."""
        stops, began = Stops(job.stops), time.perf_counter()
        news: News
        try:
            with closing(desk.answer(job.inquiry)) as pieces:
                for text in pieces:
                    if passed := stops.feed(text):
                        job.tell(Piece(passed))
                    if stops.found:
                        break
            news = Answered(desk.report, desk.spent, stops.found)
        except KeyboardInterrupt:
            news = Failed(job.why or _ended())
        except AnswerError as error:
            news = _cut_off(desk, error) or Failed(refusal_of(error))
        except BaseException as error:
            news = Failed(refusal_of(error))
            if news.refusal.code == "failed":  # it was not foreseen: begin anew
                self._log(error)
                desk.close()
        if isinstance(news, Answered) and (rest := stops.rest()):
            job.tell(Piece(rest))
        with suppress(Exception):  # nothing may be held any more
            self._metrics.answered(desk.spent, time.perf_counter() - began)
        job.tell(news)

    def _log(self, error: BaseException) -> None:
        complain(f"error: {type(error).__name__}: {error}")
        if self._verbose:
            traceback.print_exception(error, file=sys.stderr)


def _cut_off(desk: InquiryDesk, error: AnswerError) -> Answered | None:
    """The end of data that was cut off: what there is of it is the answer."""
    report = desk.report
    if report.stop_reason != "length":
        return None
    warnings = (*report.warnings, str(error))
    return Answered(replace(report, warnings=warnings), desk.spent, False)


def _ended() -> Refusal:
    return Refusal(503, "the server is ending", code="ending")
