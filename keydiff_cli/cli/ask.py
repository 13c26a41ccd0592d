"""``keydiff ask``: answer a question about documents."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from keydiff_cli.cli.options import (
    AsJson,
    BlockSize,
    Budget,
    Cache,
    DeviceNames,
    Files,
    GpuLayers,
    KvType,
    MaxTokens,
    Memory,
    Model,
    Offline,
    PolicyName,
    Quiet,
    Rpc,
    Seed,
    Stats,
    System,
    Temperature,
    Threads,
    Verbose,
)
from keydiff_cli.cli.running import show
from keydiff_cli.errors import UsageError
from keydiff_cli.settings.config import resolve


def ask(
    ctx: typer.Context,
    files: Files = None,
    question: Annotated[
        str | None, typer.Argument(metavar="QUESTION", help="What to ask.", show_default=False)
    ] = None,
    model: Model = None,
    memory: Memory = None,
    budget: Budget = None,
    block: BlockSize = None,
    policy: PolicyName = None,
    max_tokens: MaxTokens = None,
    temperature: Temperature = None,
    seed: Seed = None,
    system: System = None,
    threads: Threads = None,
    kv_type: KvType = None,
    gpu_layers: GpuLayers = None,
    device: DeviceNames = None,
    rpc: Rpc = None,
    cache: Cache = None,
    as_json: AsJson = False,
    stats: Stats = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
    offline: Offline = None,
) -> None:
    """Answer a question about documents, however long they are."""
    sources, asked = _check_input(files or [], question)
    settings = resolve(ctx.params).settings  # an option sets the setting of its name

    from keydiff_cli import ask as asking

    show(
        lambda display: asking.ask(
            settings, sources, asked, sys.stdin.buffer, display, checksum=as_json
        ),
        answer=not as_json,
        as_json=as_json,
        stats=stats,
        quiet=quiet,
        verbose=verbose,
    )


def _check_input(files: list[str], question: str | None) -> tuple[list[str], str]:
    """The documents, a pipe if none is named, and the question."""
    if question is None or not question.strip():
        raise UsageError("no question; write: keydiff ask FILE 'question'")
    if os.path.exists(question):
        named = " ".join(f"'{name}'" for name in (*files, question))
        raise UsageError(
            f"no question, but a file as the last argument; write: keydiff ask {named} 'question'"
        )
    if files:
        return files, question
    if not sys.stdin.isatty():
        return ["-"], question
    raise UsageError("no document; name a file, or pipe text: command | keydiff ask 'question'")
