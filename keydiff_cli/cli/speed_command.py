"""``keydiff bench speed``: how fast policies are at a budget."""

from __future__ import annotations

from pathlib import Path

from keydiff_cli.cli.bench_options import RUNNING, BenchOptions
from keydiff_cli.cli.messages import tell_warning
from keydiff_cli.cli.signatures import with_options


@with_options(
    "policies",
    "budgets",
    "text_length",
    "repeat",
    "seed",
    "text",
    "out",
    *RUNNING,
    policies="full,focus,keydiff-prerope",
    seed=0,
    out=Path("speed.jsonl"),
)
def speed(options: BenchOptions) -> None:
    """Compare time and memory with plain llama.cpp.

    Reading, scoring, eviction, first token, answering and peak memory, in turns, with a process
    for each. The policy full is llama.cpp with nothing evicted. Let nothing else run meanwhile.
    """
    from keydiff_cli.bench import speed
    from keydiff_cli.bench.summary import rounded
    from keydiff_cli.render.display import BenchDisplay
    from keydiff_cli.render.printing import print_json, print_table
    from keydiff_cli.render.tables import SPEED_COLUMNS, speed_rows, speed_settings

    contenders = options.contenders()
    settings = options.settings("speed")
    sentences = options.sentences(settings)
    display = BenchDisplay(quiet=options.quiet)
    try:
        summary = speed.run(
            sentences,
            settings,
            contenders,
            length=options.text_length,
            repeat=options.repeat,
            seed=options.seed or 0,
            out=options.out,
            events=display,
        )
    finally:
        display.reading_over()
    if summary["outdated"]:
        tell_warning(
            f"{summary['outdated']} turns of an older version of a policy do not count; "
            "the same run measures them anew"
        )
    if options.as_json:
        print_json(rounded(summary))
        return
    print_table(SPEED_COLUMNS, speed_rows(summary["results"]))
    print(speed_settings(summary["header"]))
