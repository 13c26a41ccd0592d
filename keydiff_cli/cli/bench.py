"""``keydiff bench``: how good and how fast policies are at a budget."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from keydiff_cli.cli.bench_options import (
    AnswerTokens,
    Budgets,
    Haystack,
    Lengths,
    Once,
    Out,
    Plot,
    Policies,
    ReadFor,
    Samples,
    Seed,
    Threads,
    bench_settings,
    find_contenders,
    find_sentences,
    parse_depths,
    parse_lengths,
    parse_names,
)
from keydiff_cli.cli.bench_speed import speed
from keydiff_cli.cli.options import AsJson, BlockSize, KvType, Model, Offline, Quiet
from keydiff_cli.errors import UsageError
from keydiff_cli.settings.config import Settings
from keydiff_cli.system.terminal import complain

if TYPE_CHECKING:
    from keydiff_cli.bench.benchmark import Bench
    from keydiff_cli.bench.contenders import Contender
    from keydiff_cli.bench.samples import Count, Text

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Measure answers and speed, per policy and budget.",
)

_POLICIES = "full,focus,keydiff-prerope,keydiff,window"


def _run_hidden(
    ctx: typer.Context,
    name: str,
    options: dict[str, Any],
    make: Callable[[list[str], Count], Iterable[Text]],
) -> None:
    """Run a benchmark whose texts hide in the sentences what an answer has to contain."""
    from keydiff_cli.bench import metrics
    from keydiff_cli.bench.benchmark import Bench
    from keydiff_cli.bench.haystack import digest

    contenders = find_contenders(ctx)
    settings = bench_settings(ctx, name)
    sentences = find_sentences(ctx, settings)
    bench = Bench(
        name,
        {**options, "text": digest(sentences)},
        lambda count: make(sentences, count),
        lambda _, question, answer: metrics.contained(answer, question.references),
        ctx.params["read_for"],
        ctx.params["once"],
    )
    _run(ctx, settings, bench, contenders)


def _run(
    ctx: typer.Context, settings: Settings, bench: Bench, contenders: Sequence[Contender]
) -> None:
    """Run a benchmark with the options of a command, and show its results."""
    from keydiff_cli.bench.benchmark import run
    from keydiff_cli.render.display import BenchDisplay

    given = ctx.params
    display = BenchDisplay(quiet=given["quiet"])
    try:
        summary = run(bench, settings, contenders, given["out"], display)
    finally:
        display.read()
    _print(summary, given["plot"], given["as_json"])


def _print(summary: dict[str, Any], plot: Path | None, as_json: bool) -> None:
    """Show the results of answers."""
    from keydiff_cli.bench import plots
    from keydiff_cli.render.display import bench_rows, print_heat_maps, print_json, print_table

    if summary["outdated"]:
        complain(
            f"warning: {summary['outdated']} answers of an older version of a policy do not count; "
            "the same run answers them anew"
        )
    if as_json:
        print_json(summary)
    else:
        print_heat_maps(summary["grid"])
        print_table(
            (
                "task",
                "length",
                "policy",
                "budget",
                "samples",
                "rate",
                "95 %",
                "against full",
                "cut off",
            ),
            bench_rows(summary["results"]),
        )
    if plot is None:
        return
    one = len({row["task"] for row in summary["results"]}) == 1
    if summary["grid"] and one:
        plots.heat_map(summary["grid"], plot)
    else:
        plots.rates(summary["results"], plot)


@app.command()
def needle(
    ctx: typer.Context,
    policies: Policies = _POLICIES,
    budgets: Budgets = "1/4",
    lengths: Lengths = "4096",
    depths: Annotated[
        str, typer.Option("--depth", metavar="LIST", help="Places of needles, 0 to 1.")
    ] = "0,0.25,0.5,0.75,1",
    samples: Samples = 1,
    seed: Seed = 0,
    text: Haystack = None,
    read_for: ReadFor = None,
    once: Once = False,
    out: Out = Path("needle.jsonl"),
    plot: Plot = None,
    model: Model = None,
    block: BlockSize = None,
    max_tokens: AnswerTokens = None,
    threads: Threads = None,
    kv_type: KvType = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    offline: Offline = None,
) -> None:
    """Find facts in long texts, over depths and lengths."""
    from keydiff_cli.bench import needle

    sizes, places = parse_lengths(lengths), parse_depths(depths)
    _run_hidden(
        ctx,
        "needle",
        {"depths": places, "seed": seed},
        lambda sentences, count: needle.texts(sentences, sizes, places, samples, count, seed),
    )


@app.command()
def ruler(
    ctx: typer.Context,
    tasks: Annotated[
        str, typer.Option("--task", metavar="NAMES", help="Tasks, separated by commas.")
    ] = "niah_single,niah_multikey,niah_multivalue,niah_multiquery,vt,cwe,fwe",
    policies: Policies = _POLICIES,
    budgets: Budgets = "1/4",
    lengths: Lengths = "4096",
    samples: Samples = 4,
    seed: Seed = 0,
    text: Haystack = None,
    read_for: ReadFor = None,
    once: Once = False,
    out: Out = Path("ruler.jsonl"),
    plot: Plot = None,
    model: Model = None,
    block: BlockSize = None,
    max_tokens: AnswerTokens = None,
    threads: Threads = None,
    kv_type: KvType = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    offline: Offline = None,
) -> None:
    """Run the tasks of RULER that need no data."""
    from keydiff_cli.bench import ruler

    chosen = parse_names(tasks)
    if unknown := [task for task in chosen if task not in ruler.TASKS]:
        raise UsageError(f"--task: '{unknown[0]}' is not one of {', '.join(ruler.TASKS)}")
    sizes = parse_lengths(lengths)
    _run_hidden(
        ctx,
        "ruler",
        {"seed": seed},
        lambda sentences, count: ruler.texts(sentences, chosen, sizes, samples, count, seed),
    )


@app.command()
def longbench(
    ctx: typer.Context,
    data: Annotated[
        Path, typer.Option("--data", metavar="DIR", help="Folder with <dataset>.jsonl files.")
    ],
    datasets: Annotated[
        str, typer.Option("--dataset", metavar="NAMES", help="Datasets, separated by commas.")
    ],
    policies: Policies = _POLICIES,
    budgets: Budgets = "2048",
    samples: Samples = 4,
    once: Once = False,
    out: Out = Path("longbench.jsonl"),
    plot: Plot = None,
    model: Model = None,
    block: BlockSize = None,
    max_tokens: AnswerTokens = None,
    threads: Threads = None,
    kv_type: KvType = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    offline: Offline = None,
) -> None:
    """Run LongBench from the files that you have."""
    from keydiff_cli.bench import longbench
    from keydiff_cli.bench.benchmark import Bench

    chosen = parse_names(datasets)
    if unknown := [name for name in chosen if name not in longbench.METRICS]:
        raise UsageError(f"--dataset: '{unknown[0]}' is not one of {', '.join(longbench.METRICS)}")
    contenders = find_contenders(ctx)
    loaded = longbench.load(data, chosen, samples)
    bench = Bench("longbench", {}, lambda _: loaded, longbench.score, once=once)
    _run(ctx, bench_settings(ctx, "longbench"), bench, contenders)


app.command()(speed)


@app.command()
def show(
    files: Annotated[list[Path], typer.Argument(metavar="FILES", help="Records of --out.")],
    plot: Plot = None,
    as_json: AsJson = False,
) -> None:
    """Show the results in files of records, of all their tasks together, too. Nothing is run."""
    from keydiff_cli.bench import benchmark, plots

    summary = benchmark.show(files)
    plots.check_plot(plot, files)
    _print(summary, plot, as_json)
