"""``keydiff models``: list, fetch, find and remove models."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from keydiff_cli.cli.options import AsJson, Quiet
from keydiff_cli.settings.resolving import resolve

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="List, fetch, find and remove models."
)


def _folder() -> Path:
    from keydiff_cli import models

    return models.models_dir(resolve({}).settings.models_dir)


@app.command("list")
def list_models(as_json: AsJson = False) -> None:
    """List the models that can be fetched, and those that are on this machine already."""
    from keydiff_cli import models
    from keydiff_cli.models.overview import on_this_machine
    from keydiff_cli.render.models import catalogue_table, described_table, listed_models
    from keydiff_cli.render.printing import print_json, print_table

    here = models.installed(_folder())
    found = list(on_this_machine(_folder()))
    if as_json:
        print_json(listed_models(here, found))
        return
    print_table(*catalogue_table(here))
    if found:
        print()
        print_table(*described_table(found))


@app.command("suggest")
def suggest_models(
    memory: Annotated[
        str | None,
        typer.Option(
            metavar="SIZE", help="Plan for so much memory. Default: what is free on this machine."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say which models fit into the memory, and what each leaves for documents."""
    from keydiff_cli import models
    from keydiff_cli.planning.suggesting import memory_for, suggest_all
    from keydiff_cli.render.models import nothing_fits, suggested_models, suggestion_table
    from keydiff_cli.render.printing import print_json, print_table
    from keydiff_cli.system.terminal import complain

    settings = resolve({"memory": memory}).settings
    here = models.installed(models.models_dir(settings.models_dir))
    found = suggest_all(here, settings)
    if as_json:
        print_json(suggested_models(found, here))
    else:
        print_table(*suggestion_table(found, here))
        if not any(item.plan for item in found):
            complain(nothing_fits(found, memory_for(settings)))


@app.command("pull")
def pull_model(name: str, quiet: Quiet = False) -> None:
    """Fetch a model and verify it: of the catalogue, or hf:OWNER/REPO[:QUANT] of the hub."""
    from keydiff_cli import models
    from keydiff_cli.render.display import Display

    display = Display(quiet=quiet, answer=False)
    settings = resolve({}).settings
    try:
        located = models.pull_named(
            name,
            models.models_dir(settings.models_dir),
            offline=settings.offline,
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
    """Delete a fetched model; those of other programs stay."""
    from keydiff_cli import models
    from keydiff_cli.system.sizes import format_size
    from keydiff_cli.system.terminal import complain

    freed = models.remove_named(name, _folder())
    complain(f"{name} removed, {format_size(freed)} freed" if freed else f"{name} was not here")
