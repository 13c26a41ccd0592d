"""What the server counts, in the text format of Prometheus."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator

from keydiff_cli.system import machine
from keydiff_cli.talk.inquiries import Spent


class Metrics:
    """Counts requests, tokens and seconds; any thread may tell it of some."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: Counter[int] = Counter()
        self._tokens: Counter[str] = Counter()
        self._answers = 0
        self._seconds = 0.0

    def responded(self, status: int) -> None:
        """A request was responded to."""
        with self._lock:
            self._requests[status] += 1

    def answered(self, spent: Spent, seconds: float) -> None:
        """A question was answered, whole or not, in so many seconds of the model's time."""
        with self._lock:
            self._answers += 1
            self._seconds += seconds
            self._tokens["read"] += spent.read
            self._tokens["answered"] += spent.generated

    @property
    def usual_seconds(self) -> float:
        """How long an answer has taken so far, in the mean; 1 before there is any."""
        return self._seconds / self._answers if self._answers else 1.0

    def text(self, *, waiting: int, running: bool) -> str:
        """All of it, with what waits and whether something is answered now."""
        with self._lock:
            return "".join(f"{line}\n" for line in self._lines(waiting, running))

    def _lines(self, waiting: int, running: bool) -> Iterator[str]:
        yield from _head("keydiff_requests_total", "counter", "Requests by status.")
        for status, count in sorted(self._requests.items()):
            yield f'keydiff_requests_total{{status="{status}"}} {count}'
        for name, kind, meaning, value in (
            ("queue_waiting", "gauge", "Questions that wait.", waiting),
            ("answering", "gauge", "Questions that are answered now.", int(running)),
            ("tokens_read_total", "counter", "Tokens of documents read.", self._tokens["read"]),
            ("tokens_answered_total", "counter", "Tokens of answers.", self._tokens["answered"]),
        ):
            yield from _head(f"keydiff_{name}", kind, meaning)
            yield f"keydiff_{name} {value}"
        yield from _head("keydiff_answer_seconds", "summary", "Seconds of reading and answering.")
        yield f"keydiff_answer_seconds_sum {self._seconds:.3f}"
        yield f"keydiff_answer_seconds_count {self._answers}"
        for name, bytes_ in (("resident", machine.resident()), ("peak", machine.peak())):
            yield from _head(f"keydiff_{name}_bytes", "gauge", f"Memory of the process: {name}.")
            yield f"keydiff_{name}_bytes {bytes_}"


def _head(name: str, kind: str, meaning: str) -> Iterator[str]:
    yield f"# HELP {name} {meaning}"
    yield f"# TYPE {name} {kind}"
