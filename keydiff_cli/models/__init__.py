"""Models: which there are, where they lie, and how they get there whole."""

from __future__ import annotations

from keydiff_cli.models.catalogue import CatalogueEntry, HubSource, WheelSource, catalogue
from keydiff_cli.models.checksums import checksum
from keydiff_cli.models.fetching import pull, remove
from keydiff_cli.models.installation import LocatedModel
from keydiff_cli.models.locating import find, installed, is_path, locate, models_dir, named
from keydiff_cli.models.obtaining import pull_named, remove_named, require
from keydiff_cli.models.variants import parts_of

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
    "parts_of",
    "pull",
    "pull_named",
    "remove",
    "remove_named",
    "require",
]
