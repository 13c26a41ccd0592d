"""The models folder: what is in it, and whether it is still what was put there.

Layout: the GGUF files, and ``.keydiff/NAME/`` with a lock, a note of the file as it was
installed, and a staging folder while the model is being fetched.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keydiff_cli.errors import ModelError
from keydiff_cli.models.catalogue import CatalogueEntry, catalogue
from keydiff_cli.models.checksums import read_note, sha256_of, stamp, write_note


@dataclass(frozen=True)
class LocatedModel:
    """A model file that is here and has been checked.

    Attributes
    ----------
    name
        Name in the catalogue, or the file name of a model given as a path.
    path
        The GGUF file.
    size
        Bytes.
    sha256
        As verified at installation; None for a model given as a path (see `checksum`).
    entry
        The catalogue entry; None for a model given as a path.
    """

    name: str
    path: Path
    size: int
    sha256: str | None
    entry: CatalogueEntry | None


def models_dir(override: str | Path | None = None) -> Path:
    """Return the folder for models: `override`, or the user's data folder for keydiff.

    A ``~`` in front stands for the home folder; an empty text is no folder.
    """
    if override:
        return Path(os.path.expanduser(override))
    from platformdirs import user_data_path

    return user_data_path("keydiff", appauthor=False) / "models"


def find(name_or_path: str, folder: Path) -> LocatedModel | None:
    """Locate a model without fetching anything.

    Parameters
    ----------
    name_or_path
        A name in the catalogue, or the path of a GGUF file: what ends in ``.gguf`` or contains
        a path separator is a path.
    folder
        The models folder.

    Returns
    -------
    LocatedModel or None
        None when the name is known but the model is not installed.

    Raises
    ------
    ModelError
        When the name is unknown, the path is no readable GGUF file, or the installed file is
        not what was installed. A file that changed since it was installed is hashed again.
    """
    if is_path(name_or_path):
        path = Path(os.path.expanduser(name_or_path))
        return LocatedModel(path.name, path, _check_gguf(path), None, None)
    return find_installed(named(name_or_path), folder)


def locate(name_or_path: str, folder: Path, *, offline: bool = False) -> LocatedModel:
    """Locate a model that must be here.

    Parameters
    ----------
    name_or_path, folder
        As for `find`.
    offline
        Whether it would be fetched, were that not forbidden; for the message.

    Raises
    ------
    ModelError
        As `find`, and when the model is not installed.
    """
    found = find(name_or_path, folder)
    if found is None:
        why = " and --offline forbids fetching it" if offline else ""
        raise ModelError(
            f"the model {name_or_path} is not here{why}: run `keydiff models pull {name_or_path}`"
        )
    return found


def installed(folder: Path) -> dict[str, Path]:
    """Return the path of every catalogue model whose file is in `folder`, by name, unchecked.

    Raises
    ------
    ModelError
        When it cannot be told, as the folder cannot be read.
    """
    paths = {name: folder / entry.filename for name, entry in catalogue().items()}
    return {name: path for name, path in paths.items() if stat.S_ISREG(mode_of(path))}


def named(name: str) -> CatalogueEntry:
    """Return the catalogue entry of that name; ModelError that names the known ones if none."""
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
    """Locate a catalogue model as `find` does."""
    path = folder / entry.filename
    note = read_note(_note_path(entry, folder))
    recorded = note.pop("sha256", None)
    expected = entry.sha256 or recorded
    try:
        now = stamp(path)
        if note != now or recorded is None or recorded != expected:
            recorded = sha256_of(path)
            if expected not in (None, recorded):
                raise ModelError(
                    f"the model {entry.name} is damaged (its checksum is wrong): run "
                    f"`keydiff models remove {entry.name}`, then "
                    f"`keydiff models pull {entry.name}`"
                )
            _check_gguf(path)
            if stamp(path) == now:  # else it was replaced while it was hashed
                note_installed(entry, folder, recorded, now)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ModelError(f"cannot read the model {path}: {error.strerror or error}") from error
    return LocatedModel(entry.name, path, now["size"], recorded, entry)


def note_installed(entry: CatalogueEntry, folder: Path, sha256: str, state: dict[str, Any]) -> None:
    """Remember that the file of that state (see `stamp`) has that SHA-256."""
    with suppress(OSError):  # a folder that is only to be read: verified again next time
        write_note(_note_path(entry, folder), {**state, "sha256": sha256})


def mode_of(path: Path) -> int:
    """Return the mode of a path, 0 where there is nothing; ModelError when that is hidden."""
    try:
        return path.stat().st_mode
    except FileNotFoundError:
        return 0
    except OSError as error:  # Path.exists would raise it, or say no, as the Python is
        raise ModelError(
            f"cannot look at {path}: {error.strerror or error}; check the models folder"
        ) from error


def private_folder(folder: Path, entry: CatalogueEntry) -> Path:
    """Return the folder for what keydiff keeps about a model beside its file."""
    return folder / ".keydiff" / entry.name


def _note_path(entry: CatalogueEntry, folder: Path) -> Path:
    return private_folder(folder, entry) / "installed.json"


def is_path(text: str) -> bool:
    """Whether it names a file, rather than a model of the catalogue."""
    separators = {"/", os.sep, os.altsep or os.sep}
    return text.lower().endswith(".gguf") or any(separator in text for separator in separators)


def _check_gguf(path: Path) -> int:
    """Return the size of a GGUF file; ModelError when it is none."""
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
