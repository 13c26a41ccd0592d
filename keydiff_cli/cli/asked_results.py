"""Running benchmarks that ask about documents, and showing what came of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from keydiff_cli.cli.bench_options import BenchOptions
from keydiff_cli.cli.messages import tell_outdated
from keydiff_cli.settings.config import Settings

if TYPE_CHECKING:
    from keydiff_cli.bench.bench_events import BenchEvents
    from keydiff_cli.bench.benchmark import AskedBench
    from keydiff_cli.bench.contenders import Contender
    from keydiff_cli.bench.variants import Variant


@contextmanager
def shown(options: BenchOptions) -> Iterator[BenchEvents]:
    """What shows the progress of a benchmark meanwhile."""
    from keydiff_cli.render.display import BenchDisplay

    display = BenchDisplay(quiet=options.quiet)
    try:
        yield display
    finally:
        display.reading_over()


def ask_and_show(
    bench: AskedBench,
    settings: Settings,
    contenders: Sequence[Contender],
    variants: Sequence[Variant],
    options: BenchOptions,
) -> None:
    """Ask what is not answered yet, and show all results."""
    from keydiff_cli.bench.benchmark import run_asking

    with shown(options) as display:
        summary = run_asking(bench, settings, contenders, variants, options.out, display)
    print_answers(summary, bench.name, as_json=options.as_json)


def print_answers(summary: dict[str, Any], name: str, *, as_json: bool) -> None:
    """Show the results of a benchmark of this name."""
    from keydiff_cli.bench.summary import rounded
    from keydiff_cli.render.printing import print_json, print_table
    from keydiff_cli.render.tables import (
        ASKED_COLUMNS,
        MEASURED_COLUMNS,
        asked_rows,
        measured_rows,
    )

    tell_outdated(summary["outdated"])
    if as_json:
        print_json(rounded(summary))
    elif name == "qa":
        print_table(ASKED_COLUMNS, asked_rows(summary["results"]))
    else:
        print_table(MEASURED_COLUMNS, measured_rows(summary["results"]))
