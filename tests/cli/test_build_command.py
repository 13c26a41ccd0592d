"""``keydiff build-llama``: what it hands to the build, and what it says in the end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cli_helpers import fails, run

from keydiff_cli.errors import KeydiffError
from keydiff_cli.system.folders import user_cache_folder

WHEEL = Path("llama_cpp_python-1-py3-none-any.whl")


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What the command had done, in order."""
    done: list[tuple[Any, ...]] = []

    def check(display: object, *, source: Path | None) -> None:
        done.append(("check", source))

    def build(folder: Path, display: object, *, source: Path | None, rebuild: bool) -> Path:
        done.append(("build", folder, source, rebuild))
        return WHEEL

    monkeypatch.setattr("keydiff_cli.build.building.check_patches", check)
    monkeypatch.setattr("keydiff_cli.build.building.build_llama", build)
    monkeypatch.setattr(
        "keydiff_cli.build.install.check_installed", lambda: done.append(("installed",))
    )
    return done


def test_it_builds_and_checks_what_is_installed(done: list[tuple[Any, ...]]) -> None:
    folder = user_cache_folder() / "llama-cpp-python"
    result = run("build-llama")
    assert (result.status, result.out) == (0, "")
    assert result.err == (
        f"keydiff: installed {WHEEL} with the patches; 'keydiff doctor' shows it\n"
    )
    assert run("build-llama", "--source", "a.tar.gz", "--rebuild", "-q").err == ""
    assert done == [
        ("build", folder, None, False), ("installed",),
        ("build", folder, Path("a.tar.gz"), True), ("installed",),
    ]  # fmt: skip


def test_a_check_builds_nothing(done: list[tuple[Any, ...]]) -> None:
    result = run("build-llama", "--check", "--source", "a.tar.gz", "--rebuild")
    assert (result.status, result.out) == (0, "")
    assert result.err == "keydiff: the patches apply, and what they touch compiles\n"
    assert done == [("check", Path("a.tar.gz"))]


def test_what_is_not_installed_is_not_said_to_be(
    done: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise KeydiffError("another llama-cpp-python is found first")

    monkeypatch.setattr("keydiff_cli.build.install.check_installed", refuse)
    assert fails(run("build-llama"), 1) == "another llama-cpp-python is found first"
    assert len(done) == 1
