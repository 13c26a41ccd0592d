"""Options that several commands have."""

from __future__ import annotations

from typing import Annotated

import typer

from keydiff_cli.config import KV_TYPE_NAMES

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
        "least alike), keydiff-token, focus-token, window, full (all), or a baseline of "
        "docs/policies.md. Default: focus, as the question is known.",
    ),
]
MaxTokens = Annotated[
    int | None, typer.Option(metavar="N", help="Longest answer, in tokens. Default: 512.")
]
KvType = Annotated[
    str | None,
    typer.Option(metavar="|".join(KV_TYPE_NAMES), help="Type of the cache. Default: f16."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no status lines.")]
Offline = Annotated[
    bool | None, typer.Option("--offline", help="Never fetch a model.", show_default=False)
]
System = Annotated[
    str | None, typer.Option(metavar="TEXT", help="System prompt in place of the built-in.")
]
