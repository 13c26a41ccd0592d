"""``keydiff config``: the settings and their sources."""

from __future__ import annotations

import os

import typer

from keydiff_cli.cli.options import AsJson
from keydiff_cli.settings.config import config_path, resolve

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Show the settings and their sources."
)


@app.command("show")
def show_config(as_json: AsJson = False) -> None:
    """Show every setting with its value and where it comes from."""
    from keydiff_cli.render.printing import print_json, print_table

    resolved = resolve({})
    values = vars(resolved.settings)
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
