"""The table of the commands, from which shells are answered."""

from __future__ import annotations

import json

from keydiff_cli.cli import app
from keydiff_cli.cli.command_table import command_table
from keydiff_cli.completion.candidates import table


def test_the_table_is_that_of_the_commands() -> None:
    assert table() == json.loads(json.dumps(command_table(app))), "run: python docs/command_line.py"


def test_what_options_and_commands_take() -> None:
    commands = command_table(app)["commands"]
    options = commands["ask"]["options"]
    takes = {name: options[name]["takes"] for name in ("-m", "--policy", "--ocr", "--system")}
    assert takes == {
        "-m": "every_model", "--policy": "policies", "--ocr": ["auto", "off", "all"],
        "--system": "",
    }  # fmt: skip
    assert options["--json"]["takes"] is options["--no-cache"]["takes"] is None
    assert commands["cache remove"]["takes"] == "snapshots"
    assert commands["models"]["commands"] == ["list", "suggest", "pull", "path", "remove"]
    assert commands["models pull"]["help"].startswith("Fetch a model and verify it")
