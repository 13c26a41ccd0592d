"""Saved chats: a folder of JSON files, one for each."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from keydiff_cli import models
from keydiff_cli.errors import UsageError
from keydiff_cli.report import Turn
from keydiff_cli.settings.config import Settings
from keydiff_cli.settings.resolving import check_settings
from keydiff_cli.system.files import make_private, private_file, told_by
from keydiff_cli.system.folders import sessions_folder

_VERSION = 1
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_SUFFIX = ".json"
_LATER = ("recall", "second_look", "archive", "archive_type")  # not in the oldest chats
# What an answer depends on, beside the documents and what was said.
SAVED = (
    "model", "memory", "budget", "block", "policy", "max_tokens", "temperature", "seed", "system",
    "kv_type", "conversation", *_LATER,
)  # fmt: skip


@dataclass(frozen=True)
class Session:
    """A chat as it is saved.

    Attributes
    ----------
    settings
        The settings that :data:`SAVED` names, but for those that did not exist when it was saved.
    files
        Absolute paths of the documents.
    """

    settings: dict[str, Any]
    files: list[str]
    turns: list[Turn]

    @classmethod
    def of(cls, settings: Settings, files: list[str], turns: list[Turn]) -> Session:
        """A chat by these settings."""
        saved = {key: value for key, value in asdict(settings).items() if key in SAVED}
        if models.is_path(settings.model):
            saved["model"] = os.path.abspath(os.path.expanduser(settings.model))
        return cls(saved, files, turns)


class Sessions:
    """Saved chats in a folder that nobody else can read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, name: str) -> Path:
        """Where the chat of this name is.

        Raises
        ------
        UsageError
            If it is no name for one.
        """
        if not _NAME.fullmatch(name):
            raise UsageError(
                f"'{name}' is no name for a chat; use letters, digits, '.', '_' and '-'"
            )
        return self.folder / f"{name}{_SUFFIX}"

    def names(self) -> list[str]:
        """The names of all chats, in order.

        Raises
        ------
        UsageError
            If the folder cannot be searched.
        """
        try:
            files = [Path(file) for file in os.listdir(self.folder)]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise UsageError(f"{self.folder} cannot be searched: {error.strerror}") from None
        names = (file.stem for file in files if file.suffix == _SUFFIX)
        return sorted(name for name in names if _NAME.fullmatch(name))

    def save(self, name: str, session: Session) -> None:
        """Write a chat in place of the one of this name, whole or not at all.

        Raises
        ------
        OSError
            If it cannot be written.
        """
        path = self.path(name)
        make_private(self.folder)
        text = json.dumps({"version": _VERSION, **asdict(session)}, indent=1)
        with private_file(path, path.with_suffix(".part")) as file:
            file.write(text.encode("ascii"))

    def claim(self, name: str) -> FileLock:
        """Keep others from going on with a chat; release it in the end.

        Raises
        ------
        UsageError
            If another process does so already.
        """
        path = self.path(name)
        try:
            make_private(self.folder)
            lock = FileLock(path.with_suffix(".lock"), mode=0o600)
            lock.acquire(timeout=0)
        except Timeout:
            raise UsageError(f"the chat '{name}' is open in another keydiff") from None
        except OSError as error:
            raise UsageError(f"{self.folder}: {told_by(error)}") from None
        return lock

    def resume(self, name: str) -> tuple[Session, FileLock]:
        """Read a chat and keep others from going on with it, until the lock is released.

        Raises
        ------
        UsageError
            As :meth:`claim` and :meth:`load`.
        """
        if not self.path(name).exists():
            raise self._missing(name)
        lock = self.claim(name)  # before it is read, so that nobody changes it in between
        try:
            return self.load(name), lock
        except BaseException:
            lock.release()
            raise

    def load(self, name: str) -> Session:
        """Read a chat.

        Raises
        ------
        UsageError
            If there is none of this name, or its file is damaged.
        """
        path = self.path(name)
        try:
            value = json.loads(path.read_text(encoding="utf-8"))
            if value["version"] != _VERSION:
                raise UsageError(f"the chat '{name}' was saved by another version of keydiff")
            saved = value["settings"]
            kept = [key for key in SAVED if key in saved or key not in _LATER]
            settings = Settings(**{key: saved[key] for key in kept})
            _check(path, name, settings)
            files = value["files"]
            if not isinstance(files, list) or not all(isinstance(file, str) for file in files):
                raise TypeError
            return Session(
                {key: getattr(settings, key) for key in kept},
                files,
                [
                    Turn(str(turn["question"]), str(turn["answer"]), str(turn["stop_reason"]))
                    for turn in value["turns"]
                ],
            )
        except FileNotFoundError:
            raise self._missing(name) from None
        except OSError as error:
            raise UsageError(f"{path} cannot be read: {error.strerror}") from None
        except (ValueError, KeyError, TypeError, RecursionError):
            raise UsageError(
                f"{path} is damaged; remove it: keydiff sessions remove {name}"
            ) from None

    def _missing(self, name: str) -> UsageError:
        known = ", ".join(self.names()) or "none"
        return UsageError(f"there is no chat '{name}'; saved ones: {known}")

    def remove(self, names: Sequence[str]) -> None:
        """Delete chats, all of them or none.

        Raises
        ------
        UsageError
            If there is none of a name, or it is open.
        """
        paths = {name: self.path(name) for name in names}
        for name, path in paths.items():
            if not path.exists():
                raise self._missing(name)
        with ExitStack() as stack:
            for name in paths:
                stack.enter_context(self.claim(name))
            for path in paths.values():
                path.unlink(missing_ok=True)


def _check(path: Path, name: str, settings: Settings) -> None:
    try:
        check_settings(settings)
    except UsageError as error:
        raise UsageError(
            f"{path} is damaged ({error.marked}); 'keydiff sessions remove {name}' it"
        ) from None


def open_sessions(settings: Settings) -> Sessions:
    """The chats of the user."""
    return Sessions(sessions_folder(settings.sessions_dir))
