"""The settings that can change while a chat goes on: ``/set``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from keydiff_cli.errors import UsageError
from keydiff_cli.render.flags import as_flag
from keydiff_cli.report import Report
from keydiff_cli.settings.config import Settings
from keydiff_cli.settings.resolving import change, nearest
from keydiff_cli.text.prompts import system_prompt

# How questions are answered, by which nothing is read otherwise.
CHANGEABLE = (
    "max_tokens", "temperature", "seed", "threads", "cite", "absent", "plain", "notes", "each",
    "length", "format",
)  # fmt: skip
BY_COMMAND = {"model": "NAME", "budget": "N", "policy": "NAME", "system": "TEXT"}
"""The settings that a command of their name changes, with what it takes."""


def parted(text: str) -> tuple[str, str]:
    """The name of the setting that a text begins with, and the value after it, which may be empty.

    Raises
    ------
    UsageError
        If there is no such setting.
    """
    typed, _, value = text.partition(" ")
    name = typed.lower().replace("-", "_")
    if name not in {item.name for item in fields(Settings)}:
        near = nearest(name)
        hint = f"; did you mean {near}?" if near else "; /set lists those that can change"
        raise UsageError(f"there is no setting '{typed}'{hint}")
    return name, value.strip()


def changed(settings: Settings, name: str, value: str) -> Settings:
    """Settings with another value for one of them.

    Raises
    ------
    UsageError
        If it cannot change without a new reading, or it cannot have the value.
    """
    if name not in CHANGEABLE:
        raise UsageError(f"{name} needs a new reading; leave, and begin a chat with it")
    return change(settings, name, value)


def listed(settings: Settings) -> Iterator[tuple[str, str]]:
    """The settings that can change, with their values."""
    return ((name, shown(settings, name)) for name in CHANGEABLE)


def shown(settings: Settings, name: str) -> str:
    """The value of a setting as it is written."""
    value = getattr(settings, name)
    if isinstance(value, bool):
        return "on" if value else "off"
    return "-" if value is None else str(value)


def as_command(name: str, value: str | None) -> str:
    """A setting in a message, as the user of a chat changes it: by ``/set`` or a flag."""
    if name in CHANGEABLE:
        return f"/set {name} {value or 'VALUE'}"
    if name in BY_COMMAND:
        return f"/{name} {value or BY_COMMAND[name]}"
    return as_flag(name, value)


def in_force(settings: Settings, report: Report, name: str) -> str:
    """The value that a setting has, also where it is left to keydiff."""
    cache = report.cache
    if name == "system":
        return system_prompt(settings.system, documents=bool(report.documents)) or "empty"
    if getattr(settings, name) is None and cache is not None and name in ("budget", "policy"):
        return str(getattr(cache, name))
    value = shown(settings, name)
    return "not set" if value == "-" else value
