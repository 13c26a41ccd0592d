"""Models by what they are named by: had, fetched first where they are not here, and removed."""

from __future__ import annotations

from pathlib import Path

from keydiff_cli.errors import ModelError, setting
from keydiff_cli.models import elsewhere
from keydiff_cli.models.fetching import Log, Progress, pull, remove
from keydiff_cli.models.hub_models import entry_of, find_hub
from keydiff_cli.models.installation import LocatedModel
from keydiff_cli.models.locating import find, is_path, locate, named
from keydiff_cli.models.references import HubReference, hub_reference
from keydiff_cli.models.variants import choose, parts_of, variants_of
from keydiff_cli.system.sizes import format_size


def require(
    name_or_path: str,
    folder: Path,
    *,
    offline: bool,
    progress: Progress | None = None,
    log: Log,
) -> LocatedModel:
    """Locate a model, and fetch it first if it is not here.

    Parameters
    ----------
    name_or_path, folder
        As for `find`.
    offline
        Whether fetching is forbidden.
    progress, log
        As for `pull`.

    Raises
    ------
    ModelError
        For the reasons of `find` and `pull`, and when the model is not here and may not be
        fetched.
    """
    if offline:
        return locate(name_or_path, folder, offline=True)
    model = find(name_or_path, folder)
    if model is not None:
        return model
    if reference := hub_reference(name_or_path):
        return _pull_hub(reference, folder, progress=progress, log=log)
    entry = named(name_or_path)
    log(f"fetching {entry.name} ({format_size(entry.size)}, {entry.license}) to {folder}")
    return pull(entry, folder, progress=progress, log=log)


def pull_named(
    name: str, folder: Path, *, offline: bool, progress: Progress | None = None, log: Log
) -> LocatedModel:
    """Fetch a model of the catalogue or of the hub; see `pull`.

    Of the hub the file is fetched that is preferred there, whatever else of it is here.

    Raises
    ------
    ModelError
        As `require`, and if it is named by a path.
    """
    reference = hub_reference(name)
    if reference is None and (elsewhere.is_named(name) or is_path(name)):
        log(f"{name} is a file on this machine: it is used where it is")
        return locate(name, folder)
    if offline:
        if (model := find(name, folder)) is None:
            raise ModelError(f"{setting('offline')} forbids fetching {name}: turn it off first")
        log(f"{model.name} is already installed")
        return model
    if reference is not None:
        return _pull_hub(reference, folder, progress=progress, log=log)
    return pull(named(name), folder, progress=progress, log=log)


def remove_named(name: str, folder: Path) -> int:
    """Remove a model that was fetched into the models folder; see `remove`.

    Raises
    ------
    ModelError
        As `remove`; and if it is a file of the user, or of another program.
    """
    if elsewhere.is_named(name):
        raise ModelError(f"{name} belongs to {elsewhere.owner(name)}: remove it there")
    if (reference := hub_reference(name)) is None:
        if is_path(name):
            raise ModelError(f"{name} is a file of yours, which keydiff does not remove")
        return remove(named(name), folder)
    model = find_hub(reference, folder)
    if model is None:
        return remove(entry_of(reference), folder) if reference.file else 0
    if not model.path.is_relative_to(folder):
        raise ModelError(f"{model.name} lies in the hub's own cache: remove it there")
    if model.entry is not None:
        return remove(model.entry, folder)
    root = folder / "hub" / reference.place
    files = [path.relative_to(root).as_posix() for path in parts_of(model.path)]
    return sum(remove(entry_of(reference.of_file(file)), folder) for file in files)


def _pull_hub(
    reference: HubReference, folder: Path, *, progress: Progress | None, log: Log
) -> LocatedModel:
    """Fetch a model of the hub, of a split one all parts."""
    from keydiff_cli.models.hub import listing

    there = listing(reference)
    place = str(HubReference(reference.repo, revision=reference.revision))
    variant = choose(variants_of(there.files), place, file=reference.file, quant=reference.quant)
    if variant.missing:
        raise ModelError(
            f"{place}/{variant.first} is split, and {variant.missing} of its parts are not there: "
            "look for another repository"
        )
    chosen = reference.of_file(variant.first)
    if (model := find_hub(chosen, folder)) is not None:
        log(f"{model.name} is already here")
        return model
    entries = [
        entry_of(
            reference.of_file(file),
            size=there.files[file].size,
            license=there.license,
            sha256=there.files[file].sha256,
        )
        for file in variant.files
    ]
    total = sum(entry.size for entry in entries)
    log(f"fetching {chosen} ({format_size(total)}, {there.license}) to {folder}")
    done = 0
    for entry in entries:
        pull(entry, folder, progress=_shifted(progress, done, total), log=log)
        done += entry.size
    located = find_hub(chosen, folder)
    if located is None:
        raise ModelError(f"{chosen} was removed while it was fetched: pull it again")
    return located


def _shifted(progress: Progress | None, before: int, total: int) -> Progress | None:
    """Tell of the bytes of one part as of bytes of the whole."""
    if progress is None:
        return None
    return lambda done, _: progress(before + done, total)
