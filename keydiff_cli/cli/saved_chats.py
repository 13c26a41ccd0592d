"""The list of saved chats."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

from keydiff_cli.cli.messages import tell_warning
from keydiff_cli.errors import UsageError
from keydiff_cli.render.printing import print_table
from keydiff_cli.talk.sessions import Sessions


def saved_chats(sessions: Sessions) -> list[dict[str, Any]]:
    """What ``keydiff sessions list --json`` says of each chat; of a damaged one there is a warning.

    Raises
    ------
    UsageError
        If the folder cannot be searched.
    """
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
    return rows


def print_chats(rows: Sequence[dict[str, Any]], file: TextIO | None = None) -> None:
    """Print saved chats as a table."""
    print_table(
        ("name", "saved", "turns", "model", "documents"),
        (
            (
                row["name"],
                str(row["saved"])[:16].replace("T", " "),
                row["turns"],
                row["model"],
                ", ".join(Path(name).name for name in row["files"]),
            )
            for row in rows
        ),
        file=file,
    )
