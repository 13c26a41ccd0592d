"""What tests of models share: a folder for models, what is logged, and all that pip can see."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from model_helpers import NAME, entry, gguf

from keydiff_cli.models import CatalogueEntry, locating


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A models folder that is not there yet."""
    return tmp_path / "models"


@pytest.fixture
def lines() -> list[str]:
    """What is logged."""
    return []


@pytest.fixture
def wheel_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all pip can see."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    wheels = tmp_path / "wheels"
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
    return wheels


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> CatalogueEntry:
    """A small model, the only one in the catalogue."""
    only = entry(gguf())
    monkeypatch.setattr(locating, "catalogue", lambda: {NAME: only})
    return only
