"""``keydiff doctor``: what is installed, and what is wrong with it."""

from __future__ import annotations

import typer

from keydiff_cli.cli.options import AsJson
from keydiff_cli.errors import ExitStatus, UsageError
from keydiff_cli.settings.resolving import resolve


def doctor(as_json: AsJson = False) -> None:
    """Show versions, access to the cache, devices, folders and room, and what is wrong if anything.

    Ends with 1 if something is.
    """
    from keydiff_cli.doctor import examine
    from keydiff_cli.render.flags import as_flag
    from keydiff_cli.render.printing import print_json, print_table
    from keydiff_cli.render.tables import doctor_rows
    from keydiff_cli.system.terminal import complain

    wrong: list[UsageError] = []
    settings = resolve({}, tell=wrong.append).settings
    examined = examine(settings, as_flag, wrong)
    if as_json:
        print_json(examined)
    else:
        print_table(("what", "here"), doctor_rows(examined))
    for problem in examined["problems"]:
        complain(f"warning: {problem}")
    if examined["problems"]:
        raise typer.Exit(ExitStatus.ERROR)
