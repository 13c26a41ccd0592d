"""The errors keydiff raises on purpose, and the exit status each one ends with."""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import IntEnum

SettingWriter = Callable[[str, str | None], str]
"""How a front end writes a setting: by its name, and the value to give it if there is one."""

# Around what :func:`setting` names: characters that Unicode keeps out of all text.
_START, _END = "\ufdd0", "\ufdd1"
_SETTING = re.compile(f"{_START}([a-z_]+)(?:=([^{_END}]*))?{_END}")


class ExitStatus(IntEnum):
    """Exit codes of the command, documented in ``docs/exit-codes.md``."""

    OK = 0
    ERROR = 1
    USAGE = 2
    DOCUMENT = 3
    MODEL = 4
    MEMORY = 5
    ANSWER = 6
    INTERRUPTED = 130


def setting(name: str, value: object = None) -> str:
    """Name a setting in a message, with the value to give it if there is one.

    How it is set differs between the library and the command, so a message holds a mark, which
    :func:`name_settings` writes out.
    """
    return f"{_START}{name}{_END}" if value is None else f"{_START}{name}={value}{_END}"


def as_setting(name: str, value: str | None) -> str:
    """A setting as users of the library write it: ``policy=full``, or its name alone."""
    return name if value is None else f"{name}={value}"


def name_settings(text: str, write: SettingWriter = as_setting) -> str:
    """A message with the settings that it names written out."""
    return _SETTING.sub(lambda match: write(match[1], match[2]), text)


class KeydiffError(Exception):
    """Base of all expected errors.

    The message is one line for the user: what is wrong, and what to do about it. Settings in it
    are named by :func:`setting`: ``str`` writes them by their names, :meth:`told` as it is told,
    and :attr:`marked` leaves the marks to the message that quotes this one.
    """

    status = ExitStatus.ERROR

    @property
    def marked(self) -> str:
        """The message with the marks of its settings, to be a part of another error's message."""
        return super().__str__()

    def told(self, write: SettingWriter) -> str:
        """The message, with its settings written in the way of a front end."""
        return name_settings(self.marked, write)

    def __str__(self) -> str:
        return self.told(as_setting)


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
    """The memory cap is too small for the work asked for.

    Parameters
    ----------
    smallest
        Bytes of the smallest cap that works; 0 if it is not known.
    """

    status = ExitStatus.MEMORY

    def __init__(self, message: str, smallest: int = 0) -> None:
        super().__init__(message)
        self.smallest = smallest


class AnswerError(KeydiffError):
    """An answer is not what was asked for: not such data, or not supported as far."""

    status = ExitStatus.ANSWER
