"""The commands as data, from which ``keydiff_cli/completion`` answers shells without Typer."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import typer

from keydiff_cli import models
from keydiff_cli.policies import POLICY_NAMES
from keydiff_cli.settings.config import Settings

# What options and the commands of a group take, where their values have names.
_OPTIONS = {"--model": "every_model", "--policy": "policies", "--resume": "chats"}
_GROUPS = {"models": "models", "cache": "snapshots", "sessions": "chats", "config": "settings"}


def command_table(app: typer.Typer) -> dict[str, Any]:
    """Every command by its words, and the names that there are.

    Returns
    -------
    ``names`` holds lists. Of a command, ``takes`` says of what kind its arguments are; of an
    option, of what kind its value is, or which values there are: None for one without a value.
    """
    names = {
        "models": list(models.catalogue()),
        "policies": list(POLICY_NAMES),
        "settings": [item.name for item in fields(Settings)],
    }
    return {"names": names, "commands": _commands(typer.main.get_command(app), "")}


def _commands(command: Any, path: str) -> dict[str, Any]:
    below = getattr(command, "commands", {})
    table = {
        path: {
            "help": _short(command.help),
            "commands": list(below),
            "takes": _GROUPS.get(path.partition(" ")[0], ""),
            "options": {
                name: {"help": _short(getattr(option, "help", "")), "takes": _takes(name, option)}
                for option in command.params
                if option.param_type_name == "option"
                for name in (*option.opts, *option.secondary_opts)
            },
        }
    }
    for name, each in below.items():
        table |= _commands(each, f"{path} {name}".strip())
    return table


def _takes(name: str, option: Any) -> str | list[str] | None:
    """What an option takes: words of its metavar in lower case are values, such as ``auto|on``."""
    if option.is_flag:
        return None
    if "--model" in option.opts:
        return _OPTIONS["--model"]
    words = [word for word in (option.metavar or "").split("|") if word.islower()]
    return _OPTIONS.get(name) or words or ""


def _short(text: str | None) -> str:
    """The first sentence of a help text."""
    return " ".join((text or "").split()).partition(". ")[0].rstrip(".")
