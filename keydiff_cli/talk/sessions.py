"""Saved chats: a folder of JSON files, one for each."""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from keydiff_cli import models
from keydiff_cli.errors import DocumentError, UsageError
from keydiff_cli.report import Turn
from keydiff_cli.settings.config import Settings
from keydiff_cli.settings.resolving import check_settings
from keydiff_cli.system.files import make_private, private_file, told_by
from keydiff_cli.system.folders import sessions_folder
from keydiff_cli.system.terminal import printable
from keydiff_cli.text.places import Citation

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
            fitting = "-".join(re.findall(r"[A-Za-z0-9._-]+", name)).lstrip("._-")[:64]
            hint = f", such as {fitting}" if fitting else ""
            raise UsageError(
                f"'{name}' is no name for a chat; use letters, digits, '.', '_' and '-'{hint}"
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
                [_turn(turn) for turn in value["turns"]],
            )
        except FileNotFoundError:
            raise self._missing(name) from None
        except OSError as error:
            raise UsageError(f"{path} cannot be read: {error.strerror}") from None
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
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


def _turn(value: dict[str, Any]) -> Turn:
    """A turn as it was saved, maybe before citations were; errors if it is none."""
    citations = tuple(map(_citation, value.get("citations", ())))
    return Turn(str(value["question"]), str(value["answer"]), str(value["stop_reason"]), citations)


def _citation(value: dict[str, Any]) -> Citation:
    first, last = map(int, value["lines"])
    return Citation(
        start=int(value["start"]),
        stop=int(value["stop"]),
        document=str(value["document"]),
        page=None if value["page"] is None else int(value["page"]),
        label=str(value["label"]),
        lines=(first, last),
        text=str(value["text"]),
        weight=float(value["weight"]),
        checked=None if value["checked"] is None else bool(value["checked"]),
        missing=tuple(map(str, value["missing"])),
        page_kind=str(value["page_kind"]),
    )


def in_place(files: Sequence[str], given: Sequence[str]) -> list[str]:
    """The documents of a saved chat: of one that is not there any more, a given one of its name.

    Each given one stands for one document.
    """
    left = [path for path in given if path not in files]
    found = []
    for path in files:
        named = next((each for each in left if _same_name(each, path)), None)
        if named is not None and not os.path.exists(path):
            left.remove(named)
            path = named
        found.append(path)
    return found


def _same_name(one: str, other: str) -> bool:
    return os.path.basename(one) == os.path.basename(other)


def require_files(name: str | None, files: Sequence[str]) -> None:
    """Make sure that the documents of a saved chat are still there.

    Raises
    ------
    DocumentError
        If one is not; it says how the chat goes on with it where it is now.
    """
    for path in files:
        if not os.path.exists(path):
            raise DocumentError(
                f"the chat '{name}' is about {printable(path)}, which is not there any more; if it "
                f"has moved, write: keydiff chat --resume {name} "
                f"{shlex.quote('NEW_FOLDER/' + printable(os.path.basename(path)))}"
            )


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
