"""``keydiff models``: list, fetch, find and remove models."""

from __future__ import annotations

from pathlib import Path

import typer

from keydiff_cli.cli.options import AsJson, Quiet
from keydiff_cli.settings.config import resolve

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="List, fetch, find and remove models."
)


def _folder() -> Path:
    from keydiff_cli import models

    return models.models_dir(resolve({}).settings.models_dir)


@app.command("list")
def list_models(as_json: AsJson = False) -> None:
    """List the models that can be fetched, and say which are here."""
    from keydiff_cli import models
    from keydiff_cli.render.printing import print_json, print_table
    from keydiff_cli.system.sizes import format_size

    here = models.installed(_folder())
    entries = models.catalogue().values()
    if as_json:
        print_json(
            [
                {
                    "name": entry.name,
                    "description": entry.description,
                    "license": entry.license,
                    "size": entry.size,
                    "trained_context": entry.context,
                    "sha256": entry.sha256,
                    "hub_only": entry.hub_only,
                    "path": str(here[entry.name]) if entry.name in here else None,
                }
                for entry in entries
            ]
        )
        return
    print_table(
        ("name", "size", "context", "licence", "here", "description"),
        (
            (
                entry.name,
                format_size(entry.size),
                entry.context,
                entry.license,
                "yes" if entry.name in here else "no",
                entry.description,
            )
            for entry in entries
        ),
    )


@app.command("pull")
def pull_model(name: str, quiet: Quiet = False) -> None:
    """Fetch a model of the catalogue and verify it."""
    from keydiff_cli import models
    from keydiff_cli.render.display import Display

    display = Display(quiet=quiet, answer=False)
    try:
        located = models.pull(
            models.named(name),
            _folder(),
            progress=display.fetching,
            log=display.note,
        )
    finally:
        display.reading_over()
    print(located.path)


@app.command("path")
def model_path(name: str) -> None:
    """Print where a model is."""
    from keydiff_cli import models

    print(models.locate(name, _folder()).path)


@app.command("remove")
def remove_model(name: str) -> None:
    """Delete a fetched model."""
    from keydiff_cli import models
    from keydiff_cli.system.sizes import format_size
    from keydiff_cli.system.terminal import complain

    freed = models.remove(models.named(name), _folder())
    complain(f"{name} removed, {format_size(freed)} freed" if freed else f"{name} was not here")
