"""What is installed here, and what is wrong with it if anything is."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from keydiff_cli import models
from keydiff_cli.errors import KeydiffError
from keydiff_cli.llama import API_VERSION, HERE, find_installation
from keydiff_cli.llama.devices import Device, chosen, server_devices
from keydiff_cli.planning.placement import placement_of
from keydiff_cli.settings.config import Settings
from keydiff_cli.snapshots import open_store
from keydiff_cli.system import machine
from keydiff_cli.system.sizes import format_size
from keydiff_cli.version import __version__

_ROOM = 10**9  # bytes of disk for what was read


def examine(settings: Settings) -> dict[str, Any]:
    """All that ``keydiff doctor`` shows.

    Returns
    -------
    ``problems`` is a list of lines: what is wrong and what to do about it.
    """
    problems: list[str] = []
    return {
        "keydiff": __version__,
        "python": platform.python_version(),
        "system": platform.platform(terse=True),
        "processor": machine.processor(),
        "cores": machine.physical_cores(),
        "library": _library(settings, problems),
        "models": _models(settings, problems),
        "cache": _cache(settings, problems),
        "memory": {"total": machine.physical_memory(), "usable": machine.usable_memory()},
        "problems": problems,
    }


def _library(settings: Settings, problems: list[str]) -> dict[str, Any] | None:
    try:
        release: str | None = version("llama-cpp-python")
    except PackageNotFoundError:
        release = None
    try:
        found = find_installation()
    except KeydiffError as error:
        problems.append(str(error))
        return None
    devices = [*found.devices, *_elsewhere(settings, found.path, problems)]
    if found.api not in (None, API_VERSION):
        problems.append(
            f"llama.cpp is patched for another version of keydiff (interface {found.api}, not "
            f"{API_VERSION}); run 'keydiff build-llama'"
        )
    if found.access == "copy":
        problems.append(
            "llama.cpp shows no memory of its cache, so that every eviction copies it; run "
            "'keydiff build-llama'"
        )
    if not found.observes:
        problems.append(
            "llama.cpp shows no queries, which --policy focus needs; install the version that "
            "constraints.txt names"
        )
    found = replace(found, devices=devices)
    return {"llama_cpp_python": release, **asdict(found), "path": str(found.path)}


def _elsewhere(settings: Settings, folder: Path, problems: list[str]) -> list[Device]:
    """The devices of the RPC servers that answer; what stands in the way of the others is noted."""
    before, placement = len(problems), HERE
    with _noting(folder, problems):
        placement = placement_of(settings)
    found: list[Device] = []
    for server in placement.servers:
        with _noting(folder, problems):
            found += server_devices(server)
    if len(problems) == before:
        with _noting(folder, problems):
            chosen(placement)
    return found


def _models(settings: Settings, problems: list[str]) -> dict[str, Any]:
    folder = models.models_dir(settings.models_dir)
    here: list[str] = []
    with _noting(folder, problems):
        here = sorted(models.installed(folder))
    with _noting(folder, problems):
        if settings.model not in models.catalogue():
            models.locate(settings.model, folder)
    free = _free(folder, problems)
    entry = models.catalogue().get(settings.model)
    if entry is not None and entry.name not in here and free is not None:
        if not _writable(folder):
            problems.append(f"{folder} cannot be written, so no model can be fetched")
        elif entry.size > free:
            problems.append(
                f"{folder} has {format_size(free)} left, and {entry.name} takes "
                f"{format_size(entry.size)}"
            )
    if entry is not None and entry.size > machine.usable_memory():
        problems.append(
            f"{format_size(machine.usable_memory())} of memory are free, and {entry.name} takes "
            f"{format_size(entry.size)}; close other programs or use a smaller --model"
        )
    return {"folder": str(folder), "free": free, "default": settings.model, "installed": here}


def _cache(settings: Settings, problems: list[str]) -> dict[str, Any]:
    folder = open_store(settings, problems.append).folder
    free = _free(folder, problems)
    if settings.cache and free is not None:
        if not _writable(folder):
            problems.append(f"{folder} cannot be written, so that nothing that was read is kept")
        elif free < _ROOM:
            problems.append(f"{folder} has {format_size(free)} left for what was read")
    return {"folder": str(folder), "free": free, "used": settings.cache}


@contextmanager
def _noting(folder: Path, problems: list[str]) -> Iterator[None]:
    """Note what goes wrong as a problem."""
    try:
        yield
    except KeydiffError as error:
        if str(error) not in problems:
            problems.append(str(error))
    except OSError as error:
        problems.append(f"{folder} cannot be used: {error.strerror}")


def _free(folder: Path, problems: list[str]) -> int | None:
    """Bytes left where a folder is or would be; None if it cannot be."""
    with _noting(folder, problems):
        existing = _existing(folder)
        if existing.is_dir():
            return shutil.disk_usage(existing).free
        problems.append(f"{existing} is no folder")
    return None


def _writable(folder: Path) -> bool:
    return os.access(_existing(folder), os.W_OK | os.X_OK)


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    return next(path for path in (folder, *folder.absolute().parents) if os.path.lexists(path))
