"""Installing a wheel: here and nowhere else, and only where it would be loaded."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from toy_build import Seen

from keydiff_cli.build import install as installing
from keydiff_cli.build.building import build_llama
from keydiff_cli.build.install import check_installed
from keydiff_cli.build.programs import BuildError, compiler
from keydiff_cli.build.release import Release


def test_pip_installs_here_whatever_it_was_told(
    toy: tuple[Release, Path], packages: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = {"prefix": tmp_path / "a", "root": tmp_path / "b", "target": tmp_path / "c"}
    flags = ("dry-run", "user", "require-hashes", "require-virtualenv")
    configuration = tmp_path / "pip.conf"
    lines = [f"{name} = {value}" for name, value in {**told, **dict.fromkeys(flags, 1)}.items()]
    configuration.write_text("\n".join(["[global]", *lines]))
    monkeypatch.setenv("PIP_CONFIG_FILE", str(configuration))
    monkeypatch.setenv("PIP_PYTHON", str(tmp_path / "no-python"))
    for name, value in told.items():
        monkeypatch.setenv(f"PIP_{name.upper()}", str(value))
    for name in flags:
        monkeypatch.setenv(f"PIP_{name.upper().replace('-', '_')}", "1")
    build_llama(tmp_path / "cache", Seen(), source=toy[1], release=toy[0])
    assert (packages / "keydiff_toy.py").is_file()
    assert not any(folder.exists() for folder in told.values())


def test_a_python_that_takes_no_packages_is_refused(
    toy: tuple[Release, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installing, "find_spec", lambda _: None)
    with pytest.raises(BuildError, match="has no pip"):
        build_llama(tmp_path / "cache", Seen(), source=toy[1], release=toy[0])
    monkeypatch.undo()
    (tmp_path / "EXTERNALLY-MANAGED").touch()
    monkeypatch.setattr(installing.sysconfig, "get_path", lambda _: str(tmp_path))
    monkeypatch.setattr(sys, "base_prefix", sys.prefix)
    with pytest.raises(BuildError, match="from a virtual environment"):
        build_llama(tmp_path / "cache", Seen(), source=toy[1], release=toy[0])


def test_what_cannot_be_loaded_later_is_refused_first(
    toy: tuple[Release, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(message: str) -> None:
        seen = Seen()
        with pytest.raises(BuildError, match=message):
            build_llama(tmp_path / "cache", seen, release=toy[0])
        assert seen.steps == []

    monkeypatch.setenv("LLAMA_CPP_LIB_PATH", str(tmp_path))
    refused("LLAMA_CPP_LIB_PATH is set, so what is installed would not be loaded; unset it")
    monkeypatch.delenv("LLAMA_CPP_LIB_PATH")
    for variable, language in (("CXX", "C++"), ("CC", "C")):
        monkeypatch.setenv(variable, compiler(language)[0])
    monkeypatch.setenv("PATH", str(tmp_path))
    refused("neither git nor patch is here")
    monkeypatch.setattr(installing.sysconfig, "get_path", lambda _: str(tmp_path / "none"))
    monkeypatch.setattr(installing.site, "ENABLE_USER_SITE", False)
    refused(r"none cannot be written; run keydiff from a virtual environment of your own")


def test_a_library_that_cannot_be_used_says_why(
    packages: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    package = packages / "llama_cpp"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "llama_cpp.py").write_text("raise RuntimeError('no libcudart.so.12')")
    with pytest.raises(BuildError, match=r"cannot be used: .*no libcudart\.so\.12"):
        check_installed()
    (package / "llama_cpp.py").write_text("import os; os._exit(9)")
    with pytest.raises(BuildError, match="cannot be used: it ends Python with status 9"):
        check_installed()
