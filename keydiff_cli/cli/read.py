"""``keydiff read``: read documents ahead of questions."""

from __future__ import annotations

import sys

import typer

from keydiff_cli.cli.options import (
    AsJson,
    BlockSize,
    Budget,
    DeviceNames,
    Files,
    GpuLayers,
    KvType,
    Memory,
    Model,
    Offline,
    PolicyName,
    Quiet,
    Rpc,
    Stats,
    System,
    Threads,
    Verbose,
)
from keydiff_cli.cli.running import show
from keydiff_cli.errors import UsageError
from keydiff_cli.settings.config import resolve


def read(
    ctx: typer.Context,
    files: Files = None,
    model: Model = None,
    memory: Memory = None,
    budget: Budget = None,
    block: BlockSize = None,
    policy: PolicyName = None,
    system: System = None,
    threads: Threads = None,
    kv_type: KvType = None,
    gpu_layers: GpuLayers = None,
    device: DeviceNames = None,
    rpc: Rpc = None,
    as_json: AsJson = False,
    stats: Stats = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
    offline: Offline = None,
) -> None:
    """Read documents ahead and keep what was read, so that questions are answered at once."""
    if not files and sys.stdin.isatty():
        raise UsageError("no document; name a file, or pipe text: command | keydiff read")
    settings = resolve(ctx.params).settings  # an option sets the setting of its name
    if not settings.cache:
        raise UsageError("what is read could not be kept: the setting 'cache' is off")

    from keydiff_cli.ask import ask

    show(
        lambda display: ask(settings, files or ["-"], None, sys.stdin.buffer, display),
        answer=False,
        as_json=as_json,
        stats=stats,
        quiet=quiet,
        verbose=verbose,
    )
