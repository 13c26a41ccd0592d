"""``keydiff plan``: what a memory cap buys."""

from __future__ import annotations

import typer

from keydiff_cli.cli.options import (
    AsJson,
    BlockSize,
    Budget,
    DeviceNames,
    GpuLayers,
    KvType,
    MaxTokens,
    Memory,
    Model,
    Offline,
    PolicyName,
    Rpc,
    System,
)
from keydiff_cli.settings.config import resolve


def plan(
    ctx: typer.Context,
    model: Model = None,
    memory: Memory = None,
    budget: Budget = None,
    block: BlockSize = None,
    policy: PolicyName = None,
    max_tokens: MaxTokens = None,
    system: System = None,
    kv_type: KvType = None,
    gpu_layers: GpuLayers = None,
    device: DeviceNames = None,
    rpc: Rpc = None,
    as_json: AsJson = False,
    offline: Offline = None,
) -> None:
    """Show what a memory cap buys, without loading the model's weights."""
    settings = resolve(ctx.params).settings  # an option sets the setting of its name

    from keydiff_cli.ask import sketch_plan
    from keydiff_cli.render.display import Display, plan_rows, print_json, print_table

    values = sketch_plan(settings, Display(quiet=False, answer=False))
    if as_json:
        print_json(values)
    else:
        print_table(("what", "how much"), plan_rows(values))
