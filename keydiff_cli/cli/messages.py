"""Errors and warnings of the library, told on stderr."""

from __future__ import annotations

from keydiff_cli.errors import SettingWriter
from keydiff_cli.render.flags import as_flag, told
from keydiff_cli.system.terminal import complain


def tell_error(error: Exception | str, write: SettingWriter = as_flag) -> None:
    """Say on stderr, in one line, what went wrong; settings are named as the front end does."""
    complain(f"error: {told(error, write)}")


def tell_warning(warning: Exception | str) -> None:
    """Say on stderr, in one line, what the user should know although it goes on."""
    complain(f"warning: {told(warning)}")


def tell_outdated(answers: int) -> None:
    """Warn of so many answers of a benchmark that do not count; 0 is nothing to tell."""
    if answers:
        tell_warning(
            f"{answers} answers of an older version of a policy do not count; "
            "the same run answers them anew"
        )
