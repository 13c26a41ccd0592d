"""Paths as they are typed in a chat, or come into it by dragging a file into the terminal."""

from __future__ import annotations

import os
import shlex
from urllib.parse import unquote, urlsplit

from keydiff_cli.errors import UsageError


def expand(path: str) -> str:
    """The path that was typed: with the home folder for a ``~`` in front, and without quotes.

    A name that is there as it was typed is that one, with its spaces, quotes and backslashes.

    Raises
    ------
    UsageError
        If it cannot be a path.
    """
    typed = _at_home(path)
    return typed if os.path.lexists(typed) else _at_home(_without_quotes(path))


def _at_home(path: str) -> str:
    try:
        return os.path.expanduser(path)
    except ValueError as error:  # a null byte
        raise UsageError(f"'{path}' is no path: {error}") from None


def _without_quotes(path: str) -> str:
    """A path without what a shell would take off; as it is if that makes several words of it."""
    if path.startswith("file://"):
        return unquote(urlsplit(path).path)
    if os.name != "posix":
        return path.strip('"')
    try:
        words = shlex.split(path)
    except ValueError:  # a quotation mark that is not closed
        return path
    return words[0] if len(words) == 1 else path
