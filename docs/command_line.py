"""Writes what is made from the commands; ``--check`` only compares.

That is docs/command-line.md, from the ``--help`` of every command, and the table from which shells
are answered.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from keydiff_cli.cli import app
from keydiff_cli.cli.command_table import command_table

TABLE = Path(__file__).parents[1] / "keydiff_cli" / "completion" / "commands.json"
PAGE = Path(__file__).parent / "command-line.md"
COMMANDS = [
    "",
    "ask",
    "batch",
    "extract",
    "chat",
    "read",
    "notes",
    "map",
    "text",
    "serve",
    "plan",
    "models",
    "models list",
    "models pull",
    "models path",
    "models remove",
    "cache",
    "cache list",
    "cache show",
    "cache remove",
    "cache prune",
    "sessions",
    "sessions list",
    "sessions remove",
    "bench",
    "bench needle",
    "bench ruler",
    "bench longbench",
    "bench qa",
    "bench summary",
    "bench each",
    "bench speed",
    "bench show",
    "config",
    "config show",
    "config path",
    "doctor",
    "build-llama",
]


def page() -> str:
    parts = ["# Command line\n\nMade by `python docs/command_line.py` from `--help`.\n"]
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("KEYDIFF_")},
        "COLUMNS": "90",
        "TERMINAL_WIDTH": "90",
        "NO_COLOR": "1",
    }
    for command in COMMANDS:
        done = subprocess.run(
            [sys.executable, "-m", "keydiff_cli", *command.split(), "--help"],
            capture_output=True,
            text=True,
            check=True,
            env=environment,
        )
        help_text = done.stdout.replace("python -m keydiff_cli", "keydiff").strip()
        lines = "\n".join(line.rstrip() for line in help_text.splitlines())
        title = f"keydiff {command}".strip()
        parts.append(f"## {title}\n\n```text\n{lines}\n```\n")
    return "\n".join(parts)


def main() -> None:
    made = {PAGE: page(), TABLE: json.dumps(command_table(app), indent=1) + "\n"}
    for path, text in made.items():
        if "--check" not in sys.argv[1:]:
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            sys.exit(f"{path.name} differs from the commands; run: python docs/command_line.py")


if __name__ == "__main__":
    main()
