"""The table of options that several commands have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from keydiff_cli.settings.checks import ABSENCES, FORMATS, KV_TYPE_NAMES, OCR_MODES, WHENEVER
from keydiff_cli.settings.resolving import Resolved, resolve

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no status lines.")]
Files = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="FILES",
        help="Documents: PDF, text, web, office, mail, ...; - is standard input. Without any, "
        "a pipe is read.",
        show_default=False,
    ),
]

# Options that go together, in the order of the help.
KEEPING = ("model", "memory", "budget", "block", "policy")
SAMPLING = ("max_tokens", "temperature", "seed")
DEVICES = ("kv_type", "gpu_layers", "device", "rpc")
LOOKING = ("no_recall", "no_second_look", "notes", "each", "cite", "absent")
SUMMING = ("length", "format")
# Those by which questions are answered in words.
ANSWERING = (
    *(*KEEPING, *SAMPLING, "system", "think", "threads", *DEVICES, "ocr", "cache"),
    *(*LOOKING, *SUMMING),
)
SHOWING = ("as_json", "stats", "quiet", "verbose")


@dataclass(frozen=True)
class Options:
    """What was given on the command line: the settings, and what is to be shown.

    An option sets the setting of its name (:class:`keydiff_cli.settings.config.Settings`); None
    stands for one that was not given. A command names those that it has, by
    :func:`keydiff_cli.cli.signatures.with_options`.
    """

    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            "-m",
            metavar="NAME|PATH",
            help="Model name, hf:OWNER/REPO[:QUANT], ollama:NAME, or GGUF file.",
        ),
    ] = None
    memory: Annotated[
        str | None,
        typer.Option(metavar="SIZE", help="Cap for the whole process: 2GB, 900MiB, ..."),
    ] = None
    budget: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Tokens kept per head. Default: all of a document of up to 4096 tokens if the "
            "memory allows it, else 1024, or what --memory allows.",
        ),
    ] = None
    block: Annotated[
        int | None, typer.Option(metavar="B", help="Tokens read between evictions. Default: 128.")
    ] = None
    policy: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Which tokens to keep: focus (what the question attends to), keydiff (the keys "
            "least alike), keydiff-prerope (the same before RoPE), keydiff-token, focus-token, "
            "window, full (all), or a baseline of docs/policies.md. Default: keydiff-prerope.",
        ),
    ] = None
    max_tokens: Annotated[
        int | None, typer.Option(metavar="N", help="Longest answer, in tokens. Default: 512.")
    ] = None
    temperature: Annotated[
        float | None,
        typer.Option(metavar="T", help="Sampling temperature; 0 is greedy. Default: 0."),
    ] = None
    seed: Annotated[int | None, typer.Option(help="Seed of the sampling. Default: 0.")] = None
    system: Annotated[
        str | None, typer.Option(metavar="TEXT", help="System prompt in place of the built-in.")
    ] = None
    think: Annotated[
        bool | None,
        typer.Option(
            "--think/--no-think",
            help="Let a model think aloud, and show its thoughts with the answer. Default: "
            "--no-think.",
            show_default=False,
        ),
    ] = None
    threads: Annotated[
        int | None, typer.Option(metavar="N", help="Threads. Default: the physical cores.")
    ] = None
    kv_type: Annotated[
        str | None,
        typer.Option(metavar="|".join(KV_TYPE_NAMES), help="Type of the cache. Default: f16."),
    ] = None
    gpu_layers: Annotated[
        str | None,
        typer.Option(
            metavar="N|auto",
            help="Layers on other devices than the processor, the last N or all. Default: 0, or "
            "auto with --device or --rpc.",
        ),
    ] = None
    device: Annotated[
        str | None,
        typer.Option("--device", metavar="NAMES", help="Those devices; keydiff doctor lists them."),
    ] = None
    rpc: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT,...",
            help="Other machines, on which llama.cpp's RPC server runs.",
        ),
    ] = None
    ocr: Annotated[
        str | None,
        typer.Option(
            metavar="|".join(OCR_MODES),
            help="Which pages of a PDF are read by OCR, where it is installed. Default: auto, "
            "those without text.",
        ),
    ] = None
    cache: Annotated[
        bool | None,
        typer.Option(
            "--cache/--no-cache",
            help="Keep what is read, and take it up again. Default: --cache.",
            show_default=False,
        ),
    ] = None
    no_recall: Annotated[
        bool, typer.Option("--no-recall", help="Let no rows come back that were evicted.")
    ] = False
    no_second_look: Annotated[
        bool, typer.Option("--no-second-look", help="Read no passages again before a question.")
    ] = False
    notes: Annotated[
        str | None,
        typer.Option(
            metavar="|".join(WHENEVER),
            help="Answer a question about the whole from notes on all parts. Default: auto, where "
            "they need no second reading.",
        ),
    ] = None
    length: Annotated[
        str | None,
        typer.Option(
            metavar="short|medium|long|N",
            help="How long a summary is to be, by name or in words. Default: as the question says, "
            "else medium, 300 words.",
        ),
    ] = None
    format: Annotated[
        str | None,
        typer.Option(metavar="|".join(FORMATS), help="What a summary looks like. Default: text."),
    ] = None
    each: Annotated[
        bool | None,
        typer.Option(
            "--each/--no-each",
            help="Put the question to every part, and list what they have. Default: by wording, "
            "such as 'list all deadlines'.",
            show_default=False,
        ),
    ] = None
    cite: Annotated[
        bool | None,
        typer.Option(
            "--cite/--no-cite",
            help="Say behind each sentence of an answer what place of the documents it rests on. "
            "Default: --no-cite.",
            show_default=False,
        ),
    ] = None
    absent: Annotated[
        str | None,
        typer.Option(
            metavar="|".join(ABSENCES),
            help="Where the documents do not answer the question: say so, or answer with a note, "
            "or do not look at that. Default: say.",
        ),
    ] = None
    plain: Annotated[
        bool | None,
        typer.Option(
            "--plain/--no-plain",
            help="Show the Markdown of an answer as it is on a terminal, too. Default: --no-plain.",
            show_default=False,
        ),
    ] = None
    offline: Annotated[
        bool | None, typer.Option("--offline", help="Never fetch a model.", show_default=False)
    ] = None
    as_json: AsJson = False
    stats: Annotated[bool, typer.Option("--stats", help="Print timings on stderr.")] = False
    quiet: Quiet = False
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show the log of llama.cpp.")] = (
        False
    )

    def resolve(self) -> Resolved:
        """The settings, with what was given over what the environment and the file say.

        Raises
        ------
        UsageError
            As :func:`keydiff_cli.settings.resolving.resolve`.
        """
        off = {"recall": self.no_recall, "second_look": self.no_second_look}
        given: dict[str, int | str] = {name: 0 for name, is_off in off.items() if is_off}
        if self.each is not None:
            given["each"] = "on" if self.each else "off"
        return resolve(vars(self) | given)
