"""``keydiff sessions``: saved chats."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from keydiff_cli.cli.messages import tell_warning
from keydiff_cli.cli.options import AsJson, Quiet
from keydiff_cli.errors import UsageError
from keydiff_cli.settings.config import resolve

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="List and remove saved chats.")


@app.command("list")
def list_sessions(as_json: AsJson = False) -> None:
    """List the chats that were saved."""
    from keydiff_cli.render.printing import print_json, print_table
    from keydiff_cli.talk.sessions import open_sessions

    sessions = open_sessions(resolve({}).settings)
    rows = []
    for name in sessions.names():
        try:
            session = sessions.load(name)
            saved = datetime.fromtimestamp(sessions.path(name).stat().st_mtime).astimezone()
        except (UsageError, OSError) as error:
            tell_warning(error)
            continue
        rows.append(
            {
                "name": name,
                "saved": saved.isoformat(timespec="seconds"),
                "turns": len(session.turns),
                "model": session.settings["model"],
                "files": session.files,
            }
        )
    if as_json:
        print_json(rows)
        return
    print_table(
        ("name", "saved", "turns", "model", "documents"),
        (
            (
                row["name"],
                str(row["saved"])[:16].replace("T", " "),
                row["turns"],
                row["model"],
                ", ".join(Path(file).name for file in row["files"]),
            )
            for row in rows
        ),
    )


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
