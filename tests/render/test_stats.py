"""Times, sizes and rates for people."""

from __future__ import annotations

import io

import pytest

from keydiff_cli.render.stats import format_duration, format_rate, print_stats
from keydiff_cli.report import Report, Timing, TokenCounts


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0.0 s"), (8.26, "8.3 s"), (59.9, "59.9 s"), (60, "1 min 0 s"), (129.6, "2 min 10 s")],
)
def test_durations(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


def test_rates() -> None:
    assert format_rate(30, 4, 1) == "7.5"
    assert format_rate(30, 4, 0) == "8"
    assert format_rate(0, 0, 1) == "0.0"


def test_statistics_of_a_run() -> None:
    report = Report(
        tokens=TokenCounts(document=1000, reused=400, generated=11),
        timing_s=Timing(ingest=4, score=0.01, evict=0.03, answer=3, first_token=1),
    )
    file = io.StringIO()
    print_stats(report, file)
    rows = dict(line.rsplit("  ", 1) for line in file.getvalue().splitlines())
    rows = {name.strip(): value for name, value in rows.items()}
    assert rows["statistic"] == "value"
    assert rows["first token, s"] == "1.00"
    assert rows["reading, tokens/s"] == "150.0"
    assert rows["scoring + eviction, % of ingest"] == "1.00"
    assert rows["answering, tokens/s"] == "5.0"


def test_a_run_in_which_nothing_happened_has_statistics() -> None:
    file = io.StringIO()
    print_stats(Report(), file)
    assert "access                           -\n" in file.getvalue()
    rates = [line.split()[-1] for line in file.getvalue().splitlines() if "tokens/s" in line]
    assert rates == ["-", "-"]
