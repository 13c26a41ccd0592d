"""Fixtures of the tests of ``keydiff chat``: a document, in a folder for what is read of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_helpers import story


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A document, and what was read of it by the tests before."""
    folder = tmp_path_factory.mktemp("chat")
    (folder / "story.txt").write_text(story())
    return folder


@pytest.fixture
def document(folder: Path) -> Path:
    return folder / "story.txt"
