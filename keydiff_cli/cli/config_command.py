"""``keydiff config``: the settings and their sources."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from keydiff_cli.cli.options import AsJson
from keydiff_cli.errors import UsageError
from keydiff_cli.settings.resolving import config_path, resolve, unknown

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Show the settings and their sources."
)


@app.command("show")
def show_config(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME]...", help="Only these.", show_default=False),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show settings with their values and where these come from."""
    from keydiff_cli.render.printing import print_json, print_table

    resolved = resolve({})
    values = vars(resolved.settings)
    for name in names or ():
        if name not in values:
            raise UsageError(f"'{name}' is no setting; {unknown(name)}")
    values = {name: values[name] for name in names or values}
    if as_json:
        print_json(
            {
                name: {"value": value, "source": resolved.sources[name]}
                for name, value in values.items()
            }
        )
        return
    rows = (
        (name, "" if value is None else value, resolved.sources[name])
        for name, value in values.items()
    )
    print_table(("setting", "value", "from"), rows)


@app.command("path")
def show_config_path() -> None:
    """Print the path of the configuration file."""
    print(config_path(os.environ))
