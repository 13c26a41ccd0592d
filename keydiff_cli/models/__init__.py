"""Models: which there are, where they lie, and how they get there whole."""

from __future__ import annotations

from .catalogue import DEFAULT_MODEL, CatalogueEntry, HubSource, WheelSource, catalogue
from .checksums import checksum
from .fetching import pull, remove, require
from .store import LocatedModel, find, installed, models_dir, named

__all__ = [
    "DEFAULT_MODEL",
    "CatalogueEntry",
    "HubSource",
    "LocatedModel",
    "WheelSource",
    "catalogue",
    "checksum",
    "find",
    "installed",
    "models_dir",
    "named",
    "pull",
    "remove",
    "require",
]
