"""``keydiff cache``: what was read and kept."""

from __future__ import annotations

import re
import time
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from keydiff_cli.cli.messages import tell_warning
from keydiff_cli.cli.options import AsJson, Quiet
from keydiff_cli.errors import UsageError
from keydiff_cli.settings.resolving import resolve
from keydiff_cli.system.sizes import format_size, parse_size

if TYPE_CHECKING:
    from keydiff_cli.snapshots import Entry, Store

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="List and remove what was read and kept."
)

_COLUMNS = (
    *("id", "size", "archive", "notes", "tokens", "kept"),
    *("policy", "model", "used", "documents"),
)
_SECONDS = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def _store() -> Store:
    """The snapshots, with warnings of what is wrong with their folder."""
    from keydiff_cli.snapshots import open_store

    return open_store(resolve({}).settings, tell_warning)


def _names(description: dict[str, Any]) -> str:
    """The names of the documents of a snapshot."""
    return ", ".join(document["name"] for document in description["documents"])


def _plain(entry: Entry) -> dict[str, Any]:
    """A snapshot as ``--json`` shows it."""
    description = entry.description
    return {
        "id": entry.id,
        "path": str(entry.path),
        "size": entry.size,
        "archive": entry.archive_size,
        "notes": entry.notes,
        "used": datetime.fromtimestamp(entry.used).astimezone().isoformat(timespec="seconds"),
        "complete": description["complete"],
        "tokens": description["tokens"],
        "kept": description["kept"],
        "model": description["model"],
        "question": description["question"],
        "settings": description["key"],
        "documents": description["documents"],
    }


@app.command("list")
def list_snapshots(as_json: AsJson = False) -> None:
    """List what was read and kept, the most recently used first."""
    from keydiff_cli.render.printing import print_json, print_table

    entries = _store().entries()
    if as_json:
        print_json([_plain(entry) for entry in entries])
        return
    print_table(
        _COLUMNS,
        (
            (
                entry.id,
                format_size(entry.size),
                format_size(entry.archive_size) if entry.archive else "",
                entry.notes or "",
                f"{entry.description['tokens']}{'' if entry.description['complete'] else '+'}",
                entry.description["kept"],
                entry.description["key"]["policy"],
                entry.description["model"],
                f"{datetime.fromtimestamp(entry.used):%Y-%m-%d %H:%M}",
                _names(entry.description),
            )
            for entry in entries
        ),
    )


@app.command("show")
def show_snapshot(name: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """Print everything about a snapshot, as JSON."""
    from keydiff_cli.render.printing import print_json

    print_json(_plain(_store().get(name)))


@app.command("remove")
def remove_snapshots(
    names: Annotated[list[str], typer.Argument(metavar="ID...")], quiet: Quiet = False
) -> None:
    """Remove snapshots; the beginning of an id will do."""
    store = _store()
    entries = {entry.id: entry for entry in map(store.get, names)}  # all, before any is gone
    before = store.size
    for entry in entries.values():
        store.remove(entry)
    _report(len(entries), before - store.size, quiet)


@app.command("prune")
def prune(
    max_size: Annotated[
        str | None, typer.Option(metavar="SIZE", help="Keep so much, the last used: 5GB, 0, ...")
    ] = None,
    older_than: Annotated[
        str | None, typer.Option(metavar="AGE", help="Remove what was not used for: 30d, 12h, ...")
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Remove what was not used for long, or what is too much."""
    limit = None
    if max_size is not None:
        limit = 0 if max_size.strip() == "0" else parse_size(max_size)
    oldest = 0.0 if older_than is None else time.time() - _seconds(older_than)
    store = _store()
    before = store.size
    gone = store.prune(limit, before=oldest)
    _report(len(gone), before - store.size, quiet)


def _seconds(text: str) -> float:
    """Seconds of an age such as ``30d``."""
    match = re.fullmatch(r"(\d{1,6})\s*([mhdw])", text.strip(), re.ASCII)
    if match is None:
        raise UsageError(f"--older-than: '{text}' is no age; write it like 30d, 12h or 90m")
    return int(match.group(1)) * _SECONDS[match.group(2)]


def _report(count: int, size: int, quiet: bool) -> None:
    """Say how many snapshots were removed, and how many bytes are free again."""
    from keydiff_cli.system.terminal import complain

    if not quiet:
        complain(f"removed {count} of what was kept, {format_size(max(size, 0))}")
