"""What is counted, as Prometheus reads it."""

from __future__ import annotations

import re

from keydiff_cli.serve.metrics import Metrics
from keydiff_cli.talk.inquiries import Spent


def test_what_was_counted_is_told() -> None:
    metrics = Metrics()
    assert metrics.usual_seconds == 1
    for status in (200, 429, 200):
        metrics.responded(status)
    metrics.answered(Spent(prompt=90, known=20, read=50, generated=7), 3)
    metrics.answered(Spent(prompt=90, known=70, generated=3), 1)
    assert metrics.usual_seconds == 2
    lines = metrics.text(waiting=4, running=True).splitlines()
    values = dict(line.rsplit(" ", 1) for line in lines if line[0] != "#")
    assert int(values.pop("keydiff_resident_bytes")) > 10**6
    assert int(values.pop("keydiff_peak_bytes")) > 10**6
    assert values == {
        'keydiff_requests_total{status="200"}': "2",
        'keydiff_requests_total{status="429"}': "1",
        "keydiff_queue_waiting": "4",
        "keydiff_answering": "1",
        "keydiff_tokens_read_total": "50",
        "keydiff_tokens_answered_total": "10",
        "keydiff_answer_seconds_sum": "4.000",
        "keydiff_answer_seconds_count": "2",
    }
    assert all(re.fullmatch(r"# (HELP|TYPE) \w+ .+", line) for line in lines if line[0] == "#")
