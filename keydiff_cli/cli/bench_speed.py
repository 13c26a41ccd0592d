"""``keydiff bench speed``: how fast policies are at a budget."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from keydiff_cli.cli.bench_options import (
    LONGEST,
    MOST,
    SHORTEST,
    AnswerTokens,
    Budgets,
    Haystack,
    Out,
    Policies,
    Seed,
    Threads,
    bench_settings,
    find_contenders,
    find_sentences,
)
from keydiff_cli.cli.options import AsJson, BlockSize, KvType, Model, Offline, Quiet
from keydiff_cli.system.terminal import complain


def speed(
    ctx: typer.Context,
    policies: Policies = "full,focus,keydiff-prerope",
    budgets: Budgets = "1/4",
    length: Annotated[
        int, typer.Option(metavar="N", min=SHORTEST, max=LONGEST, help="Tokens of the text.")
    ] = 4096,
    repeat: Annotated[int, typer.Option(metavar="N", min=1, max=MOST, help="Turns.")] = 1,
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
    from keydiff_cli.render.display import (
        BenchDisplay,
        print_json,
        print_table,
        speed_rows,
        speed_settings,
    )

    contenders = find_contenders(ctx)
    settings = bench_settings(ctx, "speed")
    sentences = find_sentences(ctx, settings)
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
