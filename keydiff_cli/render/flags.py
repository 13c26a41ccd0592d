"""Settings in messages, written as the command line has them: as flags."""

from __future__ import annotations

from keydiff_cli.errors import KeydiffError, SettingWriter, name_settings

_SWITCHES = {("each", "on"): "--each", ("each", "off"): "--no-each"}


def as_flag(name: str, value: str | None) -> str:
    """A setting as the command line has it: ``--policy full``, or the flag alone."""
    if value is not None and (name, value) in _SWITCHES:
        return _SWITCHES[name, value]
    flag = "--" + name.replace("_", "-")
    return flag if value is None else f"{flag} {value}"


def told(message: Exception | str, write: SettingWriter = as_flag) -> str:
    """An error or a text as a front end says it: the command line, unless another way is given."""
    if isinstance(message, KeydiffError):
        return message.told(write)
    return name_settings(str(message), write)
