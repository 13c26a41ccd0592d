"""Models: which there are, where they lie, and how they get there whole."""

from __future__ import annotations

from keydiff_cli.models.catalogue import CatalogueEntry, HubSource, WheelSource, catalogue
from keydiff_cli.models.checksums import checksum
from keydiff_cli.models.fetching import pull, remove, require
from keydiff_cli.models.locating import (
    LocatedModel,
    find,
    installed,
    is_path,
    locate,
    models_dir,
    named,
)

__all__ = [
    "CatalogueEntry",
    "HubSource",
    "LocatedModel",
    "WheelSource",
    "catalogue",
    "checksum",
    "find",
    "installed",
    "is_path",
    "locate",
    "models_dir",
    "named",
    "pull",
    "remove",
    "require",
]
