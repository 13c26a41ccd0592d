"""Errors and warnings of the library, told as the command line has its settings: as flags."""

from __future__ import annotations

from keydiff_cli.errors import KeydiffError, as_flag, name_settings
from keydiff_cli.system.terminal import complain


def tell_error(error: Exception | str) -> None:
    """Say on stderr, in one line, what went wrong."""
    complain(f"error: {_told(error)}")


def tell_warning(warning: Exception | str) -> None:
    """Say on stderr, in one line, what the user should know although it goes on."""
    complain(f"warning: {_told(warning)}")


def _told(message: Exception | str) -> str:
    """A message with the settings that it names as flags."""
    if isinstance(message, KeydiffError):
        return message.told(as_flag)
    return name_settings(str(message), as_flag)
