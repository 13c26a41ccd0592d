"""The files in the models folder, and whether each is still the one that was installed.

The models folder holds the GGUF files. Beside them, ``.keydiff/NAME/`` holds a lock, a note about
the file as it was installed, and a staging folder while the model is being fetched.
"""

from __future__ import annotations

import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keydiff_cli.errors import ModelError
from keydiff_cli.models.catalogue import CatalogueEntry
from keydiff_cli.models.checksums import read_note, sha256_of, stamp, write_note
from keydiff_cli.models.references import SCHEME
from keydiff_cli.system.files import told_by


@dataclass(frozen=True)
class LocatedModel:
    """A model file that exists and has been checked.

    Attributes
    ----------
    name
        Name in the catalogue, a reference such as ``hf:OWNER/REPO/FILE``, or the file name of a
        model given as a path.
    path
        Path of the GGUF file, of a split model of its first part.
    size
        Size in bytes, of all parts together.
    sha256
        SHA-256 in hexadecimal, as it was verified; None for a split model, and for one that was
        not installed here, for which there is `checksum`.
    entry
        The catalogue entry; None for a model that has none.
    """

    name: str
    path: Path
    size: int
    sha256: str | None
    entry: CatalogueEntry | None


def find_installed(entry: CatalogueEntry, folder: Path) -> LocatedModel | None:
    """Locate a model of the catalogue; None when it is not installed.

    Raises
    ------
    ModelError
        When the file cannot be read, or is damaged: its SHA-256 is not that of the catalogue, or
        not that noted when it was installed.
    """
    path = folder / entry.filename
    note = read_note(_note_path(entry, folder))
    sha256 = note.pop("sha256", None)
    expected = entry.sha256 or sha256
    try:
        state = stamp(path)
        if note != state or sha256 is None or sha256 != expected:
            sha256 = sha256_of(path)
            if expected not in (None, sha256):
                raise ModelError(
                    f"the model {entry.name} is damaged (its checksum is wrong): run "
                    f"`keydiff models remove {entry.name}`, then "
                    f"`keydiff models pull {entry.name}`"
                )
            check_gguf(path)
            if stamp(path) == state:  # else it was replaced while it was hashed
                note_installed(entry, folder, sha256, state)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ModelError(f"cannot read the model {path}: {told_by(error)}") from error
    return LocatedModel(entry.name, path, state["size"], sha256, entry)


def note_installed(entry: CatalogueEntry, folder: Path, sha256: str, state: dict[str, Any]) -> None:
    """Remember the SHA-256 that a model's file has as long as its `stamp` is ``state``."""
    with suppress(OSError):  # in a read-only folder, the file is verified again next time
        write_note(_note_path(entry, folder), {**state, "sha256": sha256})


def mode_of(path: Path) -> int:
    """Return the mode of a path, as in `os.stat`; 0 where there is nothing.

    Raises
    ------
    ModelError
        When it cannot be told, as a folder on the way cannot be read.
    """
    try:
        return path.stat().st_mode
    except FileNotFoundError:
        return 0
    except OSError as error:  # Path.exists raises it or says no, by the version of Python
        raise ModelError(
            f"cannot look at {path}: {told_by(error)}; check the models folder"
        ) from error


def private_folder(folder: Path, entry: CatalogueEntry) -> Path:
    """Return the folder of what is kept about a model beside its file: lock, note, staging."""
    return folder / ".keydiff" / entry.name.replace(SCHEME, "hub/", 1)


def _note_path(entry: CatalogueEntry, folder: Path) -> Path:
    """Return the path of the note about a model's file as it was installed."""
    return private_folder(folder, entry) / "installed.json"


def check_gguf(path: Path) -> int:
    """Return the size of a GGUF file in bytes; ModelError when it is no readable GGUF file."""
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise ModelError(f"{path} is a folder: give the path of a GGUF file in it")
        if not stat.S_ISREG(status.st_mode):  # opening a pipe could wait for ever
            raise ModelError(f"{path} is not a regular file: give the path of a GGUF file")
        with path.open("rb") as stream:
            magic = stream.read(4)
    except FileNotFoundError:
        raise ModelError(f"there is no model file {path}: check the path") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise ModelError(f"cannot read the model {path}: {reason or error}") from error
    if magic != b"GGUF":
        raise ModelError(f"{path} is not a GGUF file: keydiff needs a model in that format")
    return status.st_size
