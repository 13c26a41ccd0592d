"""``keydiff sessions``: saved chats."""

from __future__ import annotations

from typing import Annotated

import typer

from keydiff_cli.cli.options import AsJson, Quiet
from keydiff_cli.settings.resolving import resolve

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="List and remove saved chats.")


@app.command("list")
def list_sessions(as_json: AsJson = False) -> None:
    """List the chats that were saved."""
    from keydiff_cli.cli.saved_chats import print_chats, saved_chats
    from keydiff_cli.render.printing import print_json
    from keydiff_cli.system.terminal import complain
    from keydiff_cli.talk.sessions import open_sessions

    rows = saved_chats(open_sessions(resolve({}).settings))
    if as_json:
        print_json(rows)
    elif rows:
        print_chats(rows)
    else:
        complain("no chat is saved; /save NAME saves one")


@app.command("remove")
def remove_sessions(
    names: Annotated[list[str], typer.Argument(metavar="NAME...")], quiet: Quiet = False
) -> None:
    """Remove saved chats."""
    from keydiff_cli.system.terminal import complain
    from keydiff_cli.talk.sessions import open_sessions

    open_sessions(resolve({}).settings).remove(names)
    if not quiet:
        complain(f"removed {', '.join(names)}")
