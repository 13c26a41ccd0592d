"""The keys that clients show: given by the user, or made at the first start."""

from __future__ import annotations

import hmac
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from keydiff_cli.errors import UsageError
from keydiff_cli.system.files import make_private, private_file, told_by
from keydiff_cli.system.folders import user_data_folder

VARIABLE = "KEYDIFF_API_KEY"
_SHORTEST = 16  # characters that nobody guesses


@dataclass(frozen=True)
class Keys:
    """The keys that are accepted.

    Attributes
    ----------
    keys
        Each of them.
    source
        Where they are from, to be told: the path of a file, or the name of a variable.
    given
        Whether they were given by the user.
    """

    keys: tuple[str, ...]
    source: str
    given: bool

    def number(self, shown: str) -> int | None:
        """Which key was shown, counted from 0; None if it is none of them.

        All of them are compared, in a time that does not depend on where they differ.
        """
        found = None
        for number, key in enumerate(self.keys):
            if hmac.compare_digest(key.encode(), shown.encode("utf-8", "replace")):
                found = number
        return found


def find_keys(file: Path | None) -> Keys:
    """The keys of a file, one a line, else of the environment, else of a file made for it.

    Raises
    ------
    UsageError
        If there are none in the file, they cannot be read or kept, or are easily guessed.
    """
    if file is not None:
        return Keys(_read(file), str(file), given=True)
    if given := os.environ.get(VARIABLE):
        return Keys(_checked([given], VARIABLE), VARIABLE, given=True)
    made = user_data_folder() / "api-key"
    if not made.exists():
        _make(made)
    return Keys(_read(made), str(made), given=False)


def _make(path: Path) -> None:
    try:
        make_private(path.parent)
        with private_file(path, path.with_suffix(".part")) as part:
            part.write(f"{secrets.token_urlsafe(32)}\n".encode())
    except OSError as error:
        raise UsageError(
            f"the API key cannot be kept in {path}: {told_by(error)}; give one by --api-key-file"
        ) from None


def _read(path: Path) -> tuple[str, ...]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, ValueError) as error:
        raise UsageError(f"the API key file {path} cannot be read: {told_by(error)}") from None
    return _checked([line.strip() for line in lines if line.strip()], str(path))


def _checked(keys: list[str], source: str) -> tuple[str, ...]:
    if not keys:
        raise UsageError(f"{source} has no API key; write one into it, a line each")
    for key in keys:
        if len(key) < _SHORTEST or not key.isascii() or not key.isprintable() or " " in key:
            raise UsageError(
                f"an API key of {source} is not {_SHORTEST} printable ASCII characters or more, "
                "without spaces"
            )
    return tuple(keys)
