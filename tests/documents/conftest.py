"""The fixture of the tests of documents: files to read."""

from __future__ import annotations

from pathlib import Path

import pytest
from document_helpers import Save


@pytest.fixture
def save(tmp_path: Path) -> Save:
    """Write a file of that name and content; its path."""

    def write(name: str, data: bytes) -> str:
        path = tmp_path / name
        path.write_bytes(data)
        return str(path)

    return write
