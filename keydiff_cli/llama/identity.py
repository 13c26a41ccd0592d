"""Which model file it is, as it is now."""

from __future__ import annotations

from pathlib import Path


def identity_of(path: Path) -> tuple[object, ...]:
    """What tells a file, as it is now, from others; its path alone if it is not there."""
    try:
        found = path.stat()
    except OSError:
        return (path,)
    return path, found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
