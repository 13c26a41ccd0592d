"""A toy source distribution, built and installed by real pip with a real patch."""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import sys
import sysconfig
import tarfile
import venv
from collections.abc import Iterator
from pathlib import Path

import pip
import pytest

from keydiff_cli.build import building
from keydiff_cli.build.build_events import BuildEvents
from keydiff_cli.build.release import Release

PYTHON = sys.executable
BACKEND = """
import pathlib, zipfile

METADATA = "Metadata-Version: 2.1\\nName: keydiff-toy\\nVersion: 1.0\\n"
WHEEL = (
    "Wheel-Version: 1.0\\nGenerator: toy\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
)

def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    text = pathlib.Path("vendor/llama.cpp/answer.txt").read_text()
    for step in range(1, 4):
        print(f"[{step}/3] Building", flush=True)
    print("[4/4] /usr/bin/c++ -Werror=return-type " + 300 * "-O2 ")
    if "broken" in text:
        raise SystemExit("answer.txt:1: error: it is broken")
    name = "keydiff_toy-1.0-py3-none-any.whl"
    with zipfile.ZipFile(pathlib.Path(wheel_directory) / name, "w") as wheel:
        wheel.writestr("keydiff_toy.py", f"ANSWER = {text!r}")
        info = "keydiff_toy-1.0.dist-info/"
        wheel.writestr(info + "METADATA", METADATA)
        wheel.writestr(info + "WHEEL", WHEEL)
        wheel.writestr(info + "RECORD", "")
    return name
"""
PROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

[project]
name = "keydiff-toy"
version = "1.0"
"""
PATCH = """From 0 Mon Sep 17 00:00:00 2001
Subject: [PATCH] answer

---
diff --git a/answer.txt b/answer.txt
--- a/answer.txt
+++ b/answer.txt
@@ -1 +1 @@
-41
+{answer}
"""


class Seen(BuildEvents):
    """What a build told."""

    def __init__(self) -> None:
        self.steps: list[tuple[str, int, int]] = []
        self.notes: list[str] = []

    def step(self, what: str, done: int = 0, total: int = 0) -> None:
        self.steps.append((what, done, total))

    def note(self, text: str) -> None:
        self.notes.append(text)


@pytest.fixture(scope="session")
def virtual_environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with the pip of the tests."""
    folder = tmp_path_factory.mktemp("environment") / "venv"
    venv.create(folder, symlinks=os.name == "posix")
    (_packages(folder) / "pip-of-the-tests.pth").write_text(str(Path(pip.__file__).parents[1]))
    return folder


@pytest.fixture
def packages(virtual_environment: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The packages of the virtual environment, which pip installs into during the test."""
    folder = _packages(virtual_environment)
    before = set(folder.iterdir())
    monkeypatch.setattr(sys, "executable", str(_python(virtual_environment)))
    yield folder
    for path in set(folder.iterdir()) - before:
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def _packages(environment: Path) -> Path:
    return Path(sysconfig.get_path("purelib", vars={"base": str(environment)}))


def _python(environment: Path) -> Path:
    programs = environment / ("Scripts" if os.name == "nt" else "bin")
    python = programs / Path(sys.executable).name
    return python if python.exists() else python.with_name("python")


@pytest.fixture
def toy(tmp_path: Path, packages: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Release, Path]:
    """A source distribution with a backend of its own, and an environment for it."""
    return make_toy(tmp_path, monkeypatch)


@pytest.fixture(scope="session")
def built(virtual_environment: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of wheels in which the toy was built."""
    folder = tmp_path_factory.mktemp("built")
    with pytest.MonkeyPatch.context() as patch:
        release, file = make_toy(folder, patch)
        patch.setattr(sys, "executable", str(_python(virtual_environment)))
        patch.setattr(building, "install", lambda wheel, place: None)
        building.build_llama(folder / "cache", Seen(), source=file, release=release)
    return folder / "cache"


@pytest.fixture
def built_before(built: Path, tmp_path: Path) -> Path:
    """A folder of wheels with that of the toy, built before the test."""
    return Path(shutil.copytree(built, tmp_path / "built-before"))


def make_toy(folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Release, Path]:
    """The toy distribution and its patch, made in a folder."""
    top = folder / "keydiff_toy-1.0"
    (top / "vendor" / "llama.cpp").mkdir(parents=True)
    (top / "vendor" / "llama.cpp" / "answer.txt").write_text("41\n")
    (top / "vendor" / "llama.cpp" / ".git").write_text("gitdir: ../../.git/modules/nowhere\n")
    (top / "backend.py").write_text(BACKEND)
    (top / "pyproject.toml").write_text(PROJECT)
    monkeypatch.delenv("LLAMA_CPP_LIB_PATH", raising=False)
    monkeypatch.setattr(building, "patch_files", lambda: [folder / "0001-answer.patch"])
    write_patch(folder, "42")
    return pack(top)


def pack(top: Path) -> tuple[Release, Path]:
    """A source distribution of a folder; the same files make the same archive."""
    file = top.with_name(f"{top.name}.tar.gz")

    def undated(member: tarfile.TarInfo) -> tarfile.TarInfo:
        member.mtime = 0
        return member

    with (
        gzip.GzipFile(file, "wb", mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w") as archive,
    ):
        archive.add(top, top.name, filter=undated)
    return Release("keydiff-toy", "1.0", hashlib.sha256(file.read_bytes()).hexdigest()), file


def write_patch(folder: Path, answer: str) -> None:
    (folder / "0001-answer.patch").write_text(PATCH.format(answer=answer))
