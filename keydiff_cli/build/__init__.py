"""Building llama-cpp-python with the patches of ``patches/`` (see the README there)."""

from __future__ import annotations

from keydiff_cli.build.build import build_llama, check_installed, check_patches
from keydiff_cli.build.source import RELEASE, BuildError, BuildEvents

__all__ = [
    "RELEASE",
    "BuildError",
    "BuildEvents",
    "build_llama",
    "check_installed",
    "check_patches",
]
