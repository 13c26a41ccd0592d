"""``keydiff bench``: how good and how fast policies are at a budget."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from keydiff_cli.cli.asked_results import print_answers
from keydiff_cli.cli.bench_options import (
    HIDING,
    RUNNING,
    BenchOptions,
    Plot,
    parse_depths,
    parse_lengths,
    parse_names,
)
from keydiff_cli.cli.each_command import each
from keydiff_cli.cli.messages import tell_outdated
from keydiff_cli.cli.options import AsJson
from keydiff_cli.cli.qa_command import qa
from keydiff_cli.cli.signatures import with_options
from keydiff_cli.cli.speed_command import speed
from keydiff_cli.cli.summary_command import summary
from keydiff_cli.errors import UsageError
from keydiff_cli.settings.config import Settings

if TYPE_CHECKING:
    from keydiff_cli.bench.benchmark import Bench
    from keydiff_cli.bench.contenders import Contender
    from keydiff_cli.bench.samples import Count, Text

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Measure answers and speed, per policy and budget.",
)


def _run_hidden(
    options: BenchOptions,
    name: str,
    details: dict[str, Any],
    make: Callable[[list[str], Count], Iterable[Text]],
) -> None:
    """Run a benchmark whose texts hide in the sentences what an answer has to contain.

    Parameters
    ----------
    details
        Options of this benchmark that its records depend on, by name.
    make
        Makes the texts, from sentences and a function that counts tokens.
    """
    from keydiff_cli.bench import metrics
    from keydiff_cli.bench.benchmark import Bench
    from keydiff_cli.bench.haystack import digest

    contenders = options.contenders()
    settings = options.settings(name)
    sentences = options.sentences(settings)
    bench = Bench(
        name,
        {**details, "text": digest(sentences)},
        lambda count: make(sentences, count),
        lambda _, question, answer: metrics.contained(answer, question.references),
        options.read_for,
        options.once,
    )
    _run(options, settings, bench, contenders)


def _run(
    options: BenchOptions, settings: Settings, bench: Bench, contenders: Sequence[Contender]
) -> None:
    """Run a benchmark with the options of a command, and show its results."""
    from keydiff_cli.bench.benchmark import run
    from keydiff_cli.render.display import BenchDisplay

    display = BenchDisplay(quiet=options.quiet)
    try:
        summary = run(bench, settings, contenders, options.out, display)
    finally:
        display.reading_over()
    _print(summary, options.plot, options.as_json)


def _print(summary: dict[str, Any], plot: Path | None, as_json: bool) -> None:
    """Show the results of answers."""
    from keydiff_cli.bench import plots
    from keydiff_cli.bench.summary import rounded
    from keydiff_cli.render.heat_maps import print_heat_maps
    from keydiff_cli.render.printing import print_json, print_table
    from keydiff_cli.render.tables import BENCH_COLUMNS, bench_rows

    tell_outdated(summary["outdated"])
    if as_json:
        print_json(rounded(summary))
    else:
        print_heat_maps(summary["grid"])
        print_table(BENCH_COLUMNS, bench_rows(summary["results"]))
    if plot is None:
        return
    single_task = len({row["task"] for row in summary["results"]}) == 1
    if summary["grid"] and single_task:
        plots.heat_map(summary["grid"], plot)
    else:
        plots.rates(summary["results"], plot)


@app.command()
@with_options(
    "policies",
    "budgets",
    "lengths",
    "depths",
    "samples",
    *HIDING,
    *RUNNING,
    samples=1,
    seed=0,
    out=Path("needle.jsonl"),
)
def needle(options: BenchOptions) -> None:
    """Find facts in long texts, over depths and lengths."""
    from keydiff_cli.bench import needle

    sizes, places = parse_lengths(options.lengths), parse_depths(options.depths)
    samples, seed = options.samples, options.seed or 0
    _run_hidden(
        options,
        "needle",
        {"depths": places, "seed": seed},
        lambda sentences, count: needle.texts(sentences, sizes, places, samples, count, seed),
    )


@app.command()
@with_options(
    "policies",
    "budgets",
    "lengths",
    "samples",
    *HIDING,
    *RUNNING,
    seed=0,
    out=Path("ruler.jsonl"),
)
def ruler(
    tasks: Annotated[
        str, typer.Option("--task", metavar="NAMES", help="Tasks, separated by commas.")
    ] = "niah_single,niah_multikey,niah_multivalue,niah_multiquery,vt,cwe,fwe",
    *,
    options: BenchOptions,
) -> None:
    """Run the tasks of RULER that need no data."""
    from keydiff_cli.bench import ruler

    chosen = parse_names(tasks)
    if unknown := [task for task in chosen if task not in ruler.TASKS]:
        raise UsageError(f"--task: '{unknown[0]}' is not one of {', '.join(ruler.TASKS)}")
    sizes, samples, seed = parse_lengths(options.lengths), options.samples, options.seed or 0
    _run_hidden(
        options,
        "ruler",
        {"seed": seed},
        lambda sentences, count: ruler.texts(sentences, chosen, sizes, samples, count, seed),
    )


@app.command()
@with_options(
    "policies",
    "budgets",
    "samples",
    "once",
    "out",
    "plot",
    *RUNNING,
    budgets="2048",
    out=Path("longbench.jsonl"),
)
def longbench(
    data: Annotated[
        Path, typer.Option("--data", metavar="DIR", help="Folder with <dataset>.jsonl files.")
    ],
    datasets: Annotated[
        str, typer.Option("--dataset", metavar="NAMES", help="Datasets, separated by commas.")
    ],
    *,
    options: BenchOptions,
) -> None:
    """Run LongBench from the files that you have."""
    from keydiff_cli.bench import longbench
    from keydiff_cli.bench.benchmark import Bench

    chosen = parse_names(datasets)
    if unknown := [name for name in chosen if name not in longbench.METRICS]:
        raise UsageError(f"--dataset: '{unknown[0]}' is not one of {', '.join(longbench.METRICS)}")
    contenders = options.contenders()
    loaded = longbench.load(data, chosen, options.samples)
    bench = Bench("longbench", {}, lambda _: loaded, longbench.score, once=options.once)
    _run(options, options.settings("longbench"), bench, contenders)


app.command()(qa)
app.command()(summary)
app.command()(each)
app.command()(speed)


@app.command()
def show(
    files: Annotated[list[Path], typer.Argument(metavar="FILES", help="Records of --out.")],
    plot: Plot = None,
    as_json: AsJson = False,
) -> None:
    """Show the results in files of records, of all their tasks together, too. Nothing is run."""
    from keydiff_cli.bench import benchmark, plots

    shown = benchmark.show(files)
    name = shown["headers"][0]["bench"]
    if name in benchmark.RATES:
        if plot is not None:
            raise UsageError("--plot: there are no pictures of answers about documents")
        print_answers(shown, name, as_json=as_json)
        return
    plots.check_plot(plot, files)
    _print(shown, plot, as_json)
