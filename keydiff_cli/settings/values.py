"""Values of settings, from what a user has written."""

from __future__ import annotations

from dataclasses import Field
from typing import Any

from keydiff_cli.errors import UsageError
from keydiff_cli.system.sizes import parse_size

_SIZES = ("memory", "cache_size")  # settings that may be written like 2GB
_WANTED = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}
_TRUTHS = dict.fromkeys(("1", "true", "yes", "on"), True)
_TRUTHS |= dict.fromkeys(("0", "false", "no", "off"), False)


def convert(raw: Any, item: Field[Any], label: str) -> Any:
    """Turn a raw value into the type of a setting and check it.

    Parameters
    ----------
    raw
        As a user wrote it, a text or what TOML made of it.
    item
        The field of the setting, with its ``kind`` and its ``check``.
    label
        Where the value stands.

    Raises
    ------
    UsageError
        If it cannot be a value of the setting; the message begins with the label.
    """
    kind = item.metadata["kind"]
    try:
        if isinstance(raw, str) and item.name in _SIZES:
            value: Any = parse_size(raw)
        elif isinstance(raw, str) and kind is bool:
            value = _TRUTHS[raw.lower()]
        elif isinstance(raw, str):
            value = kind(raw)
        elif kind is float and type(raw) is int:
            value = float(raw)
        elif type(raw) is kind:
            value = raw
        elif type(raw) is int and item.name == "gpu_layers":
            value = str(raw)
        else:
            raise ValueError
        if isinstance(value, str) and "\0" in value:
            raise ValueError
        check = item.metadata["check"]
        return check(value) if check else value
    except UsageError as error:
        raise UsageError(f"{label}: {error.marked}") from None
    except (ValueError, KeyError, OverflowError):
        wanted = "on or off" if kind is bool and isinstance(raw, str) else _WANTED[kind]
        raise UsageError(f"{label}: {raw!r} is not {wanted}") from None
