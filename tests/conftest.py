"""Fixtures: a home of its own for every test, and the small model, fetched once."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as in keydiff_cli/__main__.py
# Tests run in two processes, of which each computes in one thread: faster than the other way round,
# and threads that wait for each other would slow both down many times over.
os.environ.setdefault("OMP_THREAD_LIMIT", "1")

import pytest
from gguf_files import tiny

from keydiff_cli import models

# A shell starts background jobs with Ctrl-C ignored, and the commands under test would inherit it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

SMALL = "smollm2-135m"
_MODELS = models.models_dir(
    Path(os.environ["KEYDIFF_MODELS_DIR"]) if "KEYDIFF_MODELS_DIR" in os.environ else None
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out what fetches from the package index, or builds for minutes, unless asked for."""
    for marker in ("registry", "patches"):
        variable = f"KEYDIFF_TEST_{marker.upper()}"
        for item in items if os.environ.get(variable) != "1" else ():
            if item.get_closest_marker(marker):
                item.add_marker(pytest.mark.skip(reason=f"set {variable}=1"))


@pytest.fixture(autouse=True)
def own_settings(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the person who runs the tests reaches them."""
    for name in [name for name in os.environ if name.startswith("KEYDIFF_")]:
        if not name.startswith("KEYDIFF_TEST_"):
            monkeypatch.delenv(name)
    config = tmp_path_factory.mktemp("config") / "config.toml"
    config.write_text("")
    monkeypatch.setenv("KEYDIFF_CONFIG", str(config))
    monkeypatch.setenv("KEYDIFF_CACHE_DIR", str(config.parent / "snapshots"))


def _require(name: str) -> Path:
    return models.require(name, _MODELS, offline=False, log=print).path


@pytest.fixture(scope="session")
def models_folder() -> Path:
    """Where the models for tests are: KEYDIFF_MODELS_DIR, or the user's folder."""
    return _MODELS


@pytest.fixture(scope="session")
def small_path() -> Path:
    """SmolLM2-135M-Instruct, 98 MB."""
    return _require(SMALL)


@pytest.fixture(scope="session")
def small_model(small_path: Path) -> Iterator[object]:
    """The small model, loaded."""
    from keydiff_cli.llama import Model

    model = Model(small_path)
    yield model
    model.close()


@pytest.fixture(scope="session")
def tiny_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model whose answers mean nothing and come at once: for all that does not depend on them."""
    path = tmp_path_factory.mktemp("model") / "tiny.gguf"
    path.write_bytes(tiny())
    return path


@pytest.fixture(scope="session")
def tiny_model(tiny_path: Path) -> Iterator[object]:
    """That model, loaded."""
    from keydiff_cli.llama import Model

    model = Model(tiny_path)
    yield model
    model.close()


def _large(name: str) -> Path:
    if os.environ.get("KEYDIFF_TEST_LARGE") != "1":
        pytest.skip("needs a larger model: set KEYDIFF_TEST_LARGE=1")
    return _require(name)


@pytest.fixture(scope="session")
def half_billion_path() -> Path:
    """Qwen2.5-Coder-0.5B-Instruct, 491 MB."""
    return _large("qwen2.5-coder-0.5b")


@pytest.fixture(scope="session")
def default_path() -> Path:
    """Qwen2.5-Coder-1.5B-Instruct, 1.1 GB."""
    return _large("qwen2.5-coder-1.5b")


@pytest.fixture(scope="session")
def gemma_path() -> Path:
    """Gemma 3 270M, 253 MB: a model with sliding-window layers."""
    return _large("gemma3-270m")
