"""Options that several commands have."""

from __future__ import annotations

from typing import Annotated

import typer

from keydiff_cli.settings.checks import KV_TYPE_NAMES

Files = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="FILES",
        help="Documents, PDF or text; - is standard input. Without any, a pipe is read.",
        show_default=False,
    ),
]
Model = Annotated[
    str | None,
    typer.Option("--model", "-m", metavar="NAME|PATH", help="Model name or GGUF file."),
]
Memory = Annotated[
    str | None,
    typer.Option(metavar="SIZE", help="Cap for the whole process: 2GB, 900MiB, ..."),
]
Budget = Annotated[
    int | None,
    typer.Option(
        metavar="N", help="Tokens kept per head. Default: what --memory allows, else 4096."
    ),
]
BlockSize = Annotated[
    int | None, typer.Option(metavar="B", help="Tokens read between evictions. Default: 128.")
]
PolicyName = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Which tokens to keep: focus (what the question attends to), keydiff (the keys "
        "least alike), keydiff-prerope (the same before RoPE), keydiff-token, focus-token, window, "
        "full (all), or a baseline of docs/policies.md. Default: focus where the question is "
        "known, else keydiff-prerope.",
    ),
]
MaxTokens = Annotated[
    int | None, typer.Option(metavar="N", help="Longest answer, in tokens. Default: 512.")
]
KvType = Annotated[
    str | None,
    typer.Option(metavar="|".join(KV_TYPE_NAMES), help="Type of the cache. Default: f16."),
]
GpuLayers = Annotated[
    str | None,
    typer.Option(
        metavar="N|auto",
        help="Layers on other devices than the processor, the last N or all. Default: 0, or auto "
        "with --device or --rpc.",
    ),
]
DeviceNames = Annotated[
    str | None,
    typer.Option("--device", metavar="NAMES", help="Those devices; keydiff doctor lists them."),
]
Rpc = Annotated[
    str | None,
    typer.Option(
        metavar="HOST:PORT,...",
        help="Other machines, on which llama.cpp's RPC server runs.",
    ),
]
Temperature = Annotated[
    float | None,
    typer.Option(metavar="T", help="Sampling temperature; 0 is greedy. Default: 0."),
]
Seed = Annotated[int | None, typer.Option(help="Seed of the sampling. Default: 0.")]
Threads = Annotated[
    int | None, typer.Option(metavar="N", help="Threads. Default: the physical cores.")
]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show the log of llama.cpp.")]
Stats = Annotated[bool, typer.Option("--stats", help="Print timings on stderr.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no status lines.")]
Offline = Annotated[
    bool | None, typer.Option("--offline", help="Never fetch a model.", show_default=False)
]
Cache = Annotated[
    bool | None,
    typer.Option(
        "--cache/--no-cache",
        help="Keep what is read, and take it up again. Default: --cache.",
        show_default=False,
    ),
]
System = Annotated[
    str | None, typer.Option(metavar="TEXT", help="System prompt in place of the built-in.")
]
