"""The source of llama-cpp-python: fetched by pip, verified, unpacked and patched."""

from __future__ import annotations

import os
import shutil
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path

from keydiff_cli.build.build_events import BuildEvents
from keydiff_cli.build.programs import BuildError, fetching_pip, patcher, run_program
from keydiff_cli.errors import setting
from keydiff_cli.models.checksums import sha256_of


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
        if patches := sorted(folder.glob("*.patch")):
            return patches
    raise BuildError("the patches are not part of this installation; reinstall keydiff-cli")


def fetch(release: Release, folder: Path, events: BuildEvents) -> Path:
    """Fetch the source distribution with pip, which verifies it; return the file.

    Raises
    ------
    BuildError
        If the file cannot be had, or is not the one of the release.
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
    run_program(
        command,
        folder,
        folder / "pip.log",
        f"pip cannot fetch {release.package} {release.version}",
        fetching_pip(),
        tick=lambda: events.step(f"fetching {release.file}"),
    )
    return folder / release.file


def verify(release: Release, file: Path) -> None:
    """Check the checksum of a source distribution.

    Raises
    ------
    BuildError
        If the file cannot be read, or is not the release that the patches are for.
    """
    try:
        sha256 = sha256_of(file)
    except OSError as error:
        raise BuildError(f"{file} cannot be read: {error.strerror}") from error
    if sha256 != release.sha256:
        raise BuildError(
            f"{file} is not {release.file} (another SHA-256), and the patches are for no other; "
            f"leave {setting('source')} out to have it fetched"
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
    # Not within a repository that the folder may happen to be in, where git would skip files.
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
        "GIT_CEILING_DIRECTORIES": str(folder.parent.resolve()),
    }
    for file in patches:
        command = [*patcher(), str(file)]
        run_program(
            command, folder, folder / "patch.log", f"{file.name} does not apply", environment
        )
