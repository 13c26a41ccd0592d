"""Wheels that were built before: what one depends on, and where it is kept."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
from contextlib import suppress
from pathlib import Path

from keydiff_cli.build.build_events import BuildEvents
from keydiff_cli.build.programs import writing
from keydiff_cli.models.checksums import sha256_of
from keydiff_cli.system import machine
from keydiff_cli.system.files import whole_file

_VARIABLES = (
    *("CMAKE_ARGS", "CMAKE_BUILD_TYPE", "CMAKE_GENERATOR", "CMAKE_TOOLCHAIN_FILE"),
    *("SKBUILD_CMAKE_ARGS", "SKBUILD_CMAKE_DEFINE", "SKBUILD_CMAKE_BUILD_TYPE"),
    *("CC", "CXX", "CFLAGS", "CXXFLAGS", "CPPFLAGS", "LDFLAGS"),
    *("CUDACXX", "CUDAFLAGS", "CUDAHOSTCXX", "CUDA_PATH", "VULKAN_SDK", "CMAKE_PREFIX_PATH"),
)


def key(compiler: list[str], *parts: str) -> str:
    """A name for what a wheel depends on: these parts, this machine and what it builds with."""
    told = [f"{name}={os.environ.get(name, '')}" for name in _VARIABLES]
    here = (sysconfig.get_platform(), machine.processor(), machine.processor_features())
    digest = hashlib.sha256()
    for part in (*parts, *told, *here, _version(compiler)):
        digest.update(f"{part}\0".encode(errors="surrogateescape"))
    return f"{sys.implementation.cache_tag}-{digest.hexdigest()[:16]}"


def find(folder: Path, events: BuildEvents) -> Path | None:
    """The wheel in a folder; None without one that is as it was kept."""
    for wheel in sorted(folder.glob("*.whl")):
        with suppress(OSError, UnicodeError):
            if _note(wheel).read_text(encoding="ascii") == sha256_of(wheel):
                return wheel
        events.note(f"{wheel} is damaged, so it is built again")
    return None


def keep(wheel: Path, folder: Path) -> Path:
    """Put a wheel into a folder, in place of those that are there; return where it is.

    Raises
    ------
    BuildError
        If there is no room; then what was there stays.
    """
    kept = folder / wheel.name
    with (
        writing(folder),
        whole_file(_note(kept)) as note,
        whole_file(kept) as copy,
        wheel.open("rb") as built,
    ):
        note.write(sha256_of(wheel).encode("ascii"))
        note.flush()  # that there is room for it is known before the copy takes its place
        shutil.copyfileobj(built, copy)
    for old in {*folder.glob("*.whl"), *folder.glob("*.whl.sha256")} - {kept, _note(kept)}:
        with suppress(OSError):
            old.unlink()
    return kept


def _note(wheel: Path) -> Path:
    """Where the checksum of a wheel is."""
    return wheel.with_name(f"{wheel.name}.sha256")


def _version(compiler: list[str]) -> str:
    """What a compiler says that it is."""
    try:
        command = [*compiler, "--version"]
        return subprocess.run(
            command, capture_output=True, text=True, errors="replace", check=False
        ).stdout
    except OSError:
        return ""
