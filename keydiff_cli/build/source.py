"""The source of llama-cpp-python: fetched by pip, verified, unpacked and patched."""

from __future__ import annotations

import os
import re
import shutil
import sys
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from keydiff_cli.build.events import BuildEvents
from keydiff_cli.errors import KeydiffError
from keydiff_cli.models.checksums import sha256_of
from keydiff_cli.processes import run


class BuildError(KeydiffError):
    """The patched library cannot be built."""


_ERROR = re.compile(r"(^|: )(fatal )?error: ", re.IGNORECASE)  # not an option of a compiler
_LONGEST = 300  # characters of a reason


@dataclass(frozen=True)
class Release:
    """A source distribution that the patches are for.

    Attributes
    ----------
    package, version, sha256
        As on the package index.
    llama
        Folder of llama.cpp in it.
    """

    package: str
    version: str
    sha256: str
    llama: str = "vendor/llama.cpp"

    @property
    def file(self) -> str:
        """Name of the file."""
        return f"{self.package.replace('-', '_')}-{self.version}.tar.gz"


RELEASE = Release(
    "llama-cpp-python",
    "0.3.36",
    "832db0699007f1be95a7e41ef12e88926b02ba836461e36a36372db2760c1a2e",
)


def patch_files() -> list[Path]:
    """The patches, in order: beside this package once installed, in the repository otherwise.

    Raises
    ------
    BuildError
        If they are not there.
    """
    package = Path(__file__).parents[1]
    for folder in (package / "patches", package.parent / "patches"):
        if found := sorted(folder.glob("*.patch")):
            return found
    raise BuildError("the patches are not part of this installation; reinstall keydiff-cli")


def fetch(release: Release, folder: Path, events: BuildEvents) -> Path:
    """Fetch the source distribution with pip, which verifies it; return the file.

    Raises
    ------
    BuildError
        If it cannot be had, or is another one.
    """
    wanted = folder / "requirements.txt"
    wanted.write_text(
        f"{release.package}=={release.version} --hash=sha256:{release.sha256}\n", encoding="ascii"
    )
    command = [
        *(sys.executable, "-m", "pip", "download", "--no-deps", "--no-binary", release.package),
        *("--require-hashes", "--requirement", str(wanted), "--dest", str(folder)),
        *("--no-input", "--disable-pip-version-check", "--progress-bar", "off"),
    ]
    log = folder / "pip.log"
    with log.open("wb") as output:
        status = run(
            command,
            folder=folder,
            output=output,
            environment=building(),
            tick=lambda: events.step(f"fetching {release.file}"),
        )
    if status:
        raise BuildError(f"pip cannot fetch {release.package} {release.version}: {reason(log)}")
    return folder / release.file


def building() -> dict[str, str]:
    """The environment for pip while nothing is installed for good.

    Without the places that packages are to go to: what a build needs goes elsewhere, and some
    versions of pip stumble over the two.
    """
    places = ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_USER")
    return {name: value for name, value in os.environ.items() if name not in places}


def verify(release: Release, file: Path) -> None:
    """Check the checksum of a source distribution.

    Raises
    ------
    BuildError
        If it is not the one that the patches are for.
    """
    try:
        found = sha256_of(file)
    except OSError as error:
        raise BuildError(f"{file} cannot be read: {error.strerror}") from error
    if found != release.sha256:
        raise BuildError(
            f"{file} is not {release.file} (another SHA-256), and the patches are for no other; "
            "leave --source out to have it fetched"
        )


def unpack(release: Release, file: Path, folder: Path) -> Path:
    """Unpack a verified source distribution; return its folder."""
    with tarfile.open(file) as archive:
        if hasattr(tarfile, "data_filter"):
            archive.extractall(folder, filter="data")
        else:
            archive.extractall(folder)
    return folder / release.file.removesuffix(".tar.gz")


def apply(patches: list[Path], folder: Path) -> None:
    """Apply patches in a folder, with git or else with patch.

    Raises
    ------
    BuildError
        If one does not apply, or neither program is there.
    """
    shutil.rmtree(folder / ".git", ignore_errors=True)
    (folder / ".git").unlink(missing_ok=True)  # a submodule's pointer to nowhere
    git, patch = shutil.which("git"), shutil.which("patch")
    for file in patches:
        if git is not None:
            command = [git, "apply", "--whitespace=nowarn", str(file)]
        elif patch is not None:
            command = [patch, "-p1", "--batch", "--forward", "--input", str(file)]
        else:
            raise BuildError("neither git nor patch is here to apply the patches; install one")
        # Not within a repository that the folder may happen to be in, where git would skip files.
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
            "GIT_CEILING_DIRECTORIES": str(folder.parent.resolve()),
        }
        log = folder / "patch.log"
        with log.open("wb") as output:
            status = run(command, folder=folder, output=output, environment=environment)
        if status:
            raise BuildError(f"{file.name} does not apply: {reason(log)}")


def reason(log: Path, hints: Callable[[str], str | None] = lambda _: None) -> str:
    """What a failed program said that tells most, on one line."""
    text = log.read_text(encoding="utf-8", errors="replace")
    if (hint := hints(text)) is not None:
        return hint
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if any("connection broken by" in line for line in lines):
        return "the package index cannot be reached; check the network and proxy settings"
    if any("No space left" in line for line in lines):
        return "no space left on the device"
    errors = [line for line in lines if _ERROR.search(line) and "subprocess-exited" not in line]
    errors = errors or [line for line in lines if "error" in line.lower()] or lines
    return errors[0][:_LONGEST] if errors else "it gave no reason"
