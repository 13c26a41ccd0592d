"""``keydiff doctor``: what is installed, and what is wrong with it."""

from __future__ import annotations

import typer

from keydiff_cli.cli.options import AsJson
from keydiff_cli.errors import ExitStatus
from keydiff_cli.settings.config import resolve


def doctor(as_json: AsJson = False) -> None:
    """Show versions, access to the cache, devices, folders and room, and what is wrong if anything.

    Ends with 1 if something is.
    """
    from keydiff_cli.doctor import examine
    from keydiff_cli.render.display import doctor_rows, print_json, print_table
    from keydiff_cli.system.terminal import complain

    found = examine(resolve({}).settings)
    if as_json:
        print_json(found)
    else:
        print_table(("what", "here"), doctor_rows(found))
    for problem in found["problems"]:
        complain(f"warning: {problem}")
    if found["problems"]:
        raise typer.Exit(ExitStatus.ERROR)
