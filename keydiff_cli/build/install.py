"""Installing a wheel where keydiff runs, and whether that can work."""

from __future__ import annotations

import os
import site
import subprocess
import sys
import sysconfig
from importlib.util import find_spec
from pathlib import Path

from keydiff_cli.build.programs import NO_PACKAGES, BuildError, lone_pip, reason, run_program


def check_place() -> None:
    """See that a wheel can be installed and would be loaded, before minutes are spent on it.

    Raises
    ------
    BuildError
        If a wheel cannot be installed, or would not be loaded.
    """
    if "LLAMA_CPP_LIB_PATH" in os.environ:
        raise BuildError(
            "LLAMA_CPP_LIB_PATH is set, so what is installed would not be loaded; unset it"
        )
    if find_spec("pip") is None:
        raise BuildError(f"{sys.executable} has no pip; run 'python -m ensurepip', or install it")
    marker = Path(sysconfig.get_path("stdlib")) / "EXTERNALLY-MANAGED"
    if marker.exists() and sys.prefix == sys.base_prefix:
        raise BuildError(NO_PACKAGES)
    packages = sysconfig.get_path("platlib")
    if not os.access(packages, os.W_OK) and not site.ENABLE_USER_SITE:
        raise BuildError(
            f"{packages} cannot be written; run keydiff from a virtual environment of your own"
        )


def install(wheel: Path, folder: Path) -> None:
    """Install a wheel into this Python's packages; the log goes to a folder.

    Raises
    ------
    BuildError
        If pip fails.
    """
    command = [
        *(sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--force-reinstall"),
        *("--no-input", "--disable-pip-version-check", str(wheel)),
    ]
    run_program(
        command,
        folder,
        folder / "install.log",
        "the installation failed",
        lone_pip(),
        whole=True,
        keep=True,
        place=Path(sysconfig.get_path("platlib")),
    )


def check_installed() -> None:
    """Check that the library which keydiff loads is a patched one, in a process of its own.

    Raises
    ------
    BuildError
        If that library cannot be loaded, or is not a patched one.
    """
    code = (
        "import sys; sys.path[:] = filter(None, sys.path); "  # not what lies in this folder
        "from keydiff_cli.llama import API_VERSION, find_installation; "
        "loaded = find_installation(); "
        "print(loaded.path if loaded.api != API_VERSION else '')"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, capture_output=True, text=True, errors="surrogateescape", check=False
    )
    if done.returncode:
        said = reason(done.stderr) or f"it ends Python with status {done.returncode}"
        raise BuildError(f"what was installed cannot be used: {said}")
    if other := done.stdout.strip():
        raise BuildError(
            f"the wheel is installed, but keydiff loads another library, from {other}; "
            "remove that one"
        )
