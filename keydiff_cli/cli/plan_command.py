"""``keydiff plan``: what a memory cap buys."""

from __future__ import annotations

from typing import Annotated

import typer

from keydiff_cli.cli.many import MOST_WORKERS
from keydiff_cli.cli.options import DEVICES, KEEPING, Options
from keydiff_cli.cli.signatures import with_options


@with_options(*KEEPING, "max_tokens", "system", *DEVICES, "ocr", "as_json", "offline")
def plan(
    workers: Annotated[
        int,
        typer.Option(
            "--workers",
            metavar="N",
            min=1,
            max=MOST_WORKERS,
            help="Processes that share the cap, as of keydiff batch.",
        ),
    ] = 1,
    *,
    options: Options,
) -> None:
    """Show what a memory cap buys, without loading the model's weights."""
    settings = options.resolve().settings

    from keydiff_cli.ask import sketch_plan
    from keydiff_cli.render.display import Display
    from keydiff_cli.render.printing import print_json, print_table
    from keydiff_cli.render.tables import plan_rows

    values = sketch_plan(settings, Display(quiet=False, answer=False), workers)
    if options.as_json:
        print_json(values)
    else:
        print_table(("what", "how much"), plan_rows(values))
