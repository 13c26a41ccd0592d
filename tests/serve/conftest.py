"""A server that the tests of a file share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_helpers import story
from served import Served, serving


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of documents that the server is told of."""
    folder = tmp_path_factory.mktemp("documents")
    (folder / "story.txt").write_text(story(lines=8))
    return folder


@pytest.fixture(scope="module")
def server(
    small_path: Path,
    models_folder: Path,
    folder: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Served]:
    cache = tmp_path_factory.mktemp("cache")
    options = "--documents", folder, "--message-size", "20kB", "--upload-size", "50kB"
    with serving(*options, models=models_folder, cache=cache) as server:
        yield server


@pytest.fixture(scope="module")
def bounded(
    small_path: Path, models_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """A server with close bounds, which tells its requests."""
    cache = tmp_path_factory.mktemp("cache")
    options = "--head-seconds", 1, "--connections", 6, "--cors", "https://page.example", "--log"
    with serving(*options, models=models_folder, cache=cache) as server:
        yield server
