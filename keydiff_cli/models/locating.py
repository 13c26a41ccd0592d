"""Where the model lies that a name, a reference or a path means: the one place that tells."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from keydiff_cli.errors import ModelError, setting
from keydiff_cli.models import elsewhere
from keydiff_cli.models.catalogue import CatalogueEntry, catalogue
from keydiff_cli.models.hub_models import find_hub
from keydiff_cli.models.installation import LocatedModel, check_gguf, find_installed, mode_of
from keydiff_cli.models.references import hub_reference
from keydiff_cli.models.variants import parts_of
from keydiff_cli.system.folders import user_data_folder


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
        A name in the catalogue; a model on the hub, as ``hf:OWNER/REPO`` or the address of a page;
        one of another program, as ``ollama:NAME``; or the path of a GGUF file: any other text
        that ends in ``.gguf`` or contains a path separator.
    folder
        The models folder.

    Returns
    -------
    LocatedModel or None
        None when the model could be fetched but is not here.

    Raises
    ------
    ModelError
        When the name is unknown, another program has no such model, the path is no readable GGUF
        file, or the file in the models folder is damaged: a file that changed since it was
        installed is hashed again.
    """
    if reference := hub_reference(name_or_path):
        return find_hub(reference, folder)
    if elsewhere.is_named(name_or_path):
        found = elsewhere.named(name_or_path)
        return _at(found.name, found.path)
    if is_path(name_or_path):
        path = Path(os.path.expanduser(name_or_path))
        return _at(path.name, path)
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


def _at(name: str, path: Path) -> LocatedModel:
    """The model in a file, with all parts of a split one."""
    check_gguf(path)
    parts = parts_of(path)
    return LocatedModel(name, parts[0], sum(map(check_gguf, parts)), None, None)


def is_path(text: str) -> bool:
    """Tell whether a text is the path of a file, rather than what a model is named by."""
    if elsewhere.is_named(text) or re.match(r"hf:|https?://", text):
        return False
    separators = {"/", os.sep, os.altsep or os.sep}
    return text.lower().endswith(".gguf") or any(separator in text for separator in separators)
