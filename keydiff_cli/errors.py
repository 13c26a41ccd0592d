"""The errors keydiff raises on purpose, and the exit status each one ends with."""

from __future__ import annotations

from enum import IntEnum


class ExitStatus(IntEnum):
    """Exit codes of the command, documented in ``docs/exit-codes.md``."""

    OK = 0
    ERROR = 1
    USAGE = 2
    DOCUMENT = 3
    MODEL = 4
    MEMORY = 5
    INTERRUPTED = 130


class KeydiffError(Exception):
    """Base of all expected errors.

    The message is one line for the user: what is wrong, and what to do about it.
    """

    status = ExitStatus.ERROR


def reason(error: BaseException) -> str:
    """What code of others has raised, for a message: its type, and what it says if it does."""
    return f"{type(error).__name__}: {error}".removesuffix(": ")


class UsageError(KeydiffError):
    """The command line or the settings do not make sense."""

    status = ExitStatus.USAGE


class DocumentError(KeydiffError):
    """A document cannot be read."""

    status = ExitStatus.DOCUMENT


class ModelError(KeydiffError):
    """A model cannot be found, fetched, verified, loaded or run."""

    status = ExitStatus.MODEL


class MemoryCapError(KeydiffError):
    """The memory cap is too small for the work asked for."""

    status = ExitStatus.MEMORY
