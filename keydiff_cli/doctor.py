"""What is installed here, and what is wrong with it if anything is."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from keydiff_cli import models
from keydiff_cli.errors import KeydiffError, SettingWriter, as_setting, name_settings, setting
from keydiff_cli.llama import API_VERSION, HERE, find_installation
from keydiff_cli.llama.devices import Device, chosen, server_devices
from keydiff_cli.planning.placement import placement_of
from keydiff_cli.settings.config import Settings
from keydiff_cli.snapshots import open_store
from keydiff_cli.system import machine
from keydiff_cli.system.sizes import format_size
from keydiff_cli.version import __version__

_ROOM_FOR_SNAPSHOTS = 10**9  # bytes of disk


def examine(
    settings: Settings,
    write_setting: SettingWriter = as_setting,
    wrong: Sequence[KeydiffError] = (),
) -> dict[str, Any]:
    """Everything that ``keydiff doctor`` shows.

    Parameters
    ----------
    settings
        What is examined: the devices, folders and the model that they name.
    write_setting
        How a setting that a problem names is written.
    wrong
        What is wrong with the settings as they were given, and has been passed over.

    Returns
    -------
    ``problems`` is a list of lines: what is wrong and what to do about it.
    """
    problems = _Problems(write_setting)
    for error in wrong:
        problems.add_error(error)
    return {
        "keydiff": __version__,
        "python": platform.python_version(),
        "system": platform.platform(terse=True),
        "processor": machine.processor(),
        "cores": machine.physical_cores(),
        "library": _library(settings, problems),
        "models": _models(settings, problems),
        "cache": _snapshots(settings, problems),
        "memory": {"total": machine.physical_memory(), "usable": machine.usable_memory()},
        "problems": problems.lines,
    }


class _Problems:
    """What is wrong, a line for each problem, and none of them twice."""

    def __init__(self, write_setting: SettingWriter) -> None:
        self.lines: list[str] = []
        self._write_setting = write_setting

    def add(self, text: str) -> None:
        line = name_settings(text, self._write_setting)
        if line not in self.lines:
            self.lines.append(line)

    def add_error(self, error: KeydiffError) -> None:
        self.add(error.marked)

    @contextmanager
    def caught(self, folder: Path) -> Iterator[None]:
        """Add an error that is raised, and go on; those of the system are about the folder."""
        try:
            yield
        except KeydiffError as error:
            self.add_error(error)
        except OSError as error:
            self.add(f"{folder} cannot be used: {error.strerror}")


def _library(settings: Settings, problems: _Problems) -> dict[str, Any] | None:
    """The installed llama-cpp-python and the devices; None if it cannot be loaded."""
    try:
        release: str | None = version("llama-cpp-python")
    except PackageNotFoundError:
        release = None
    try:
        installation = find_installation()
    except KeydiffError as error:
        problems.add_error(error)
        return None
    devices = [*installation.devices, *_devices_of_servers(settings, installation.path, problems)]
    if installation.api not in (None, API_VERSION):
        problems.add(
            "llama.cpp is patched for another version of keydiff (interface "
            f"{installation.api}, not {API_VERSION}); run 'keydiff build-llama'"
        )
    if installation.access == "copy":
        problems.add(
            "llama.cpp shows no memory of its cache, so that every eviction copies it; run "
            "'keydiff build-llama'"
        )
    if not installation.observes:
        problems.add(
            f"llama.cpp shows no queries, which recall and {setting('policy', 'focus')} need; "
            "install the version that constraints.txt names"
        )
    installation = replace(installation, devices=devices)
    return {
        "llama_cpp_python": release,
        **asdict(installation),
        "path": str(installation.path),
    }


def _devices_of_servers(settings: Settings, folder: Path, problems: _Problems) -> list[Device]:
    """The devices of the RPC servers that answer; the others are problems.

    The devices that the settings name are looked for only if all servers have answered.
    """
    before, placement = len(problems.lines), HERE
    with problems.caught(folder):
        placement = placement_of(settings)
    devices: list[Device] = []
    for server in placement.servers:
        with problems.caught(folder):
            devices += server_devices(server)
    if len(problems.lines) == before:
        with problems.caught(folder):
            chosen(placement)
    return devices


def _models(settings: Settings, problems: _Problems) -> dict[str, Any]:
    """The models folder, and whether the model of the settings is there or has room there."""
    folder = models.models_dir(settings.models_dir)
    entry = models.catalogue().get(settings.model)
    free = _free(folder, problems)
    installed: list[str] = []
    if free is not None:
        with problems.caught(folder):
            installed = sorted(models.installed(folder))
    if entry is None:
        with problems.caught(folder):
            models.locate(settings.model, folder)
    elif entry.name not in installed and free is not None:
        if not _writable(folder):
            problems.add(f"{folder} cannot be written, so no model can be fetched")
        elif entry.size > free:
            problems.add(
                f"{folder} has {format_size(free)} left, and {entry.name} takes "
                f"{format_size(entry.size)}"
            )
    if entry is not None and entry.size > machine.usable_memory():
        problems.add(
            f"{format_size(machine.usable_memory())} of memory are free, and {entry.name} takes "
            f"{format_size(entry.size)}; close other programs or use a smaller {setting('model')}"
        )
    return {"folder": str(folder), "free": free, "default": settings.model, "installed": installed}


def _snapshots(settings: Settings, problems: _Problems) -> dict[str, Any]:
    """The folder for what was read, and whether there is room for more."""
    folder = open_store(settings, problems.add).folder
    free = _free(folder, problems)
    if settings.cache and free is not None:
        if not _writable(folder):
            problems.add(f"{folder} cannot be written, so that nothing that was read is kept")
        elif free < _ROOM_FOR_SNAPSHOTS:
            problems.add(f"{folder} has {format_size(free)} left for what was read")
    return {"folder": str(folder), "free": free, "used": settings.cache}


def _free(folder: Path, problems: _Problems) -> int | None:
    """Bytes left where a folder is or would be; None if it cannot be there."""
    with problems.caught(folder):
        existing = _nearest_existing(folder)
        if existing.is_dir():
            return shutil.disk_usage(existing).free
        problems.add(f"{existing} is no folder")
    return None


def _writable(folder: Path) -> bool:
    return os.access(_nearest_existing(folder), os.W_OK | os.X_OK)


def _nearest_existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    return next(path for path in (folder, *folder.absolute().parents) if os.path.lexists(path))
