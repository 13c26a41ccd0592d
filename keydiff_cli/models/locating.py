"""Where a model lies, and whether its file is still the one that was installed.

The models folder holds the GGUF files. Beside them, ``.keydiff/NAME/`` holds a lock, a note about
the file as it was installed, and a staging folder while the model is being fetched.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keydiff_cli.errors import ModelError, setting
from keydiff_cli.models.catalogue import CatalogueEntry, catalogue
from keydiff_cli.models.checksums import read_note, sha256_of, stamp, write_note
from keydiff_cli.system.files import told_by
from keydiff_cli.system.folders import user_data_folder


@dataclass(frozen=True)
class LocatedModel:
    """A model file that exists and has been checked.

    Attributes
    ----------
    name
        Name in the catalogue, or the file name of a model given as a path.
    path
        Path of the GGUF file.
    size
        Size of the file in bytes.
    sha256
        SHA-256 in hexadecimal, as it was verified; None for a model given as a path, for which
        there is `checksum`.
    entry
        The catalogue entry; None for a model given as a path.
    """

    name: str
    path: Path
    size: int
    sha256: str | None
    entry: CatalogueEntry | None


def models_dir(override: str | Path | None = None) -> Path:
    """Return the folder for models: `override`, or the one in the user's data folder.

    A ``~`` at the beginning of `override` stands for the home folder; an empty text counts as None.
    """
    if override:
        return Path(os.path.expanduser(override))
    return user_data_folder() / "models"


def find(name_or_path: str, folder: Path) -> LocatedModel | None:
    """Locate a model without fetching anything.

    Parameters
    ----------
    name_or_path
        A name in the catalogue, or the path of a GGUF file: a text that ends in ``.gguf`` or
        contains a path separator is a path.
    folder
        The models folder.

    Returns
    -------
    LocatedModel or None
        None when the name is known but the model is not installed.

    Raises
    ------
    ModelError
        When the name is unknown, the path is no readable GGUF file, or the file in the models
        folder is damaged: a file that changed since it was installed is hashed again.
    """
    if is_path(name_or_path):
        path = Path(os.path.expanduser(name_or_path))
        return LocatedModel(path.name, path, _check_gguf(path), None, None)
    return find_installed(named(name_or_path), folder)


def locate(name_or_path: str, folder: Path, *, offline: bool = False) -> LocatedModel:
    """Locate a model that must be installed already.

    Parameters
    ----------
    name_or_path, folder
        As for `find`.
    offline
        Whether the message says that fetching the model is forbidden.

    Raises
    ------
    ModelError
        For the reasons of `find`, and when the model is not installed.
    """
    model = find(name_or_path, folder)
    if model is None:
        why = f" and {setting('offline')} forbids fetching it" if offline else ""
        raise ModelError(
            f"the model {name_or_path} is not here{why}: run `keydiff models pull {name_or_path}`"
        )
    return model


def installed(folder: Path) -> dict[str, Path]:
    """Return the paths of the catalogue's models whose files are in `folder`, by name.

    The files themselves are not checked.

    Raises
    ------
    ModelError
        When the folder cannot be read.
    """
    paths = {name: folder / entry.filename for name, entry in catalogue().items()}
    return {name: path for name, path in paths.items() if stat.S_ISREG(mode_of(path))}


def named(name: str) -> CatalogueEntry:
    """Return the catalogue entry of a name.

    Raises
    ------
    ModelError
        When there is none; the message names the known models.
    """
    known = catalogue()
    if name in known:
        return known[name]
    from difflib import get_close_matches

    close = get_close_matches(name.lower(), known, n=1)
    hint = f"did you mean {close[0]}? " if close else ""
    raise ModelError(
        f"unknown model {name!r}: {hint}known models are {', '.join(known)}; "
        f"a file of your own is given by its path, such as ./model.gguf"
    )


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
            _check_gguf(path)
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
    return folder / ".keydiff" / entry.name


def _note_path(entry: CatalogueEntry, folder: Path) -> Path:
    """Return the path of the note about a model's file as it was installed."""
    return private_folder(folder, entry) / "installed.json"


def is_path(text: str) -> bool:
    """Tell whether a text is the path of a file, rather than the name of a model."""
    separators = {"/", os.sep, os.altsep or os.sep}
    return text.lower().endswith(".gguf") or any(separator in text for separator in separators)


def _check_gguf(path: Path) -> int:
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
