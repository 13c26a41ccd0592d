"""Models that the programs of llama.cpp have fetched."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from keydiff_cli.models.elsewhere.found import Found, files_below, found_in

SCHEME, SOURCE = "llamacpp:", "llama.cpp"


def models() -> Iterator[Found]:
    """Every model in the cache of llama.cpp."""
    folder = _folder()
    yield from found_in(folder, files_below(folder), SOURCE, SCHEME)


def matches(found: Found, name: str) -> bool:
    """Whether a model is the one that a name means: its file, with or without its ending."""
    return found.name in (f"{SCHEME}{name}", f"{SCHEME}{name}.gguf")


def _folder() -> Path:
    if chosen := os.environ.get("LLAMA_CACHE"):
        return Path(chosen)
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "llama.cpp"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home()) / "llama.cpp"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "llama.cpp"
