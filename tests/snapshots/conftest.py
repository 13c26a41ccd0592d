"""A store for each test, and what it warns of."""

from __future__ import annotations

from pathlib import Path

import pytest

from keydiff_cli.snapshots import Store


@pytest.fixture
def warnings() -> list[str]:
    return []


@pytest.fixture
def store(tmp_path: Path, warnings: list[str]) -> Store:
    return Store(tmp_path / "snapshots", 10**6, warnings.append)
