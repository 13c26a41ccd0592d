"""Times, sizes and rates of a run, for people."""

from __future__ import annotations

from typing import TextIO

from keydiff_cli.render.coverage import print_coverage
from keydiff_cli.render.documents import print_documents
from keydiff_cli.render.printing import print_table
from keydiff_cli.report import Report
from keydiff_cli.system.sizes import format_size

_LEAST_SECONDS = 1e-9  # a rate over no time at all is large, and no error


def print_stats(report: Report, file: TextIO) -> None:
    """Print what ``--stats`` and ``/stats`` ask for."""
    if report.documents:
        print_documents(report.documents, file)
    if report.coverage:
        print_coverage(report.coverage, file)
    print_table(("statistic", "value"), _statistics(report), file=file)


def format_duration(seconds: float) -> str:
    """Seconds for people: ``8.3 s``, ``2 min 10 s``."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"


def _rate(count: int, seconds: float) -> str:
    """The same for a table: none of what there was nothing of."""
    return format_rate(count, seconds, 1) if count > 0 else "-"


def format_rate(count: int, seconds: float, digits: int) -> str:
    """How many in a second."""
    return f"{count / max(seconds, _LEAST_SECONDS):.{digits}f}"


def _statistics(report: Report) -> list[tuple[str, str]]:
    timing, tokens = report.timing_s, report.tokens
    ingest = max(timing.ingest, _LEAST_SECONDS)
    fresh = tokens.document - tokens.reused
    decoded = max(tokens.generated - 1, 0)  # the first one comes from the prompt
    cache = report.cache
    rows = [
        ("model", report.model.name if report.model else "-"),
        ("policy", "-" if cache is None else cache.policy),
        ("budget, tokens", "-" if cache is None else str(cache.budget)),
        ("planned memory", format_size(report.memory_bytes.planned or 0)),
    ]
    rows += [
        (f"{name.replace('_', ' ')}, s", f"{value:.2f}") for name, value in vars(timing).items()
    ]
    rows += [
        ("reading, tokens/s", _rate(fresh, ingest)),
        (
            "scoring + eviction, % of ingest",
            f"{100 * (timing.score + timing.evict) / ingest:.2f}",
        ),
        ("answering, tokens/s", _rate(decoded, timing.answer - timing.first_token)),
        ("cache, bytes", format_size(0 if cache is None else cache.bytes)),
        ("access", "-" if cache is None else cache.access),
    ]
    return rows
