"""What the tests of those who ask share."""

from __future__ import annotations

from pathlib import Path

import pytest

from keydiff_cli.batch.messages import Orders
from keydiff_cli.settings.config import Settings


@pytest.fixture
def orders(tiny_path: Path, tmp_path: Path) -> Orders:
    """Few answers by a tiny model, without archives."""
    return Orders(
        Settings(
            model=str(tiny_path),
            budget=256,
            max_tokens=4,
            threads=1,
            archive="off",
            second_look=0,
            cache_dir=str(tmp_path / "cache"),
        )
    )
