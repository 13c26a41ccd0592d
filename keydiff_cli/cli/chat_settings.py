"""The settings that can change while a chat goes on: ``/set``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from keydiff_cli.errors import UsageError
from keydiff_cli.settings.config import Settings
from keydiff_cli.settings.resolving import change, nearest

# How questions are answered, by which nothing is read otherwise.
CHANGEABLE = (
    "max_tokens", "temperature", "seed", "threads", "cite", "absent", "plain", "notes", "each",
    "length", "format",
)  # fmt: skip
_BY_COMMAND = {"model": "NAME", "budget": "N", "policy": "NAME", "system": "TEXT"}


def changed(settings: Settings, text: str) -> Settings:
    """Settings with another value for the one that a text begins with.

    Raises
    ------
    UsageError
        If there is no such setting, it cannot change without a new reading, or it cannot have the
        value.
    """
    typed, _, value = text.partition(" ")
    name, value = typed.lower().replace("-", "_"), value.strip()
    known = [item.name for item in fields(Settings)]
    if name not in known:
        near = nearest(name)
        hint = f"; did you mean {near}?" if near else "; /set lists those that can change"
        raise UsageError(f"there is no setting '{typed}'{hint}")
    if name in _BY_COMMAND:
        raise UsageError(f"{name} needs a new reading; write: /{name} {_BY_COMMAND[name]}")
    if name not in CHANGEABLE:
        raise UsageError(f"{name} needs a new reading; leave, and begin a chat with it")
    if not value:
        raise UsageError(f"{name} is {shown(settings, name)}; write: /set {name} VALUE")
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
