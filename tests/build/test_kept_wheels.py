"""Wheels that were built before: what they depend on, and that they are whole."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from toy_build import Seen

from keydiff_cli.build import kept_wheels
from keydiff_cli.build.building import build_llama
from keydiff_cli.build.programs import BuildError, compiler
from keydiff_cli.build.release import Release


def test_a_damaged_wheel_is_built_again(
    toy: tuple[Release, Path], packages: Path, built_before: Path
) -> None:
    release, file = toy
    (wheel,) = built_before.glob("*/*.whl")
    whole = wheel.read_bytes()
    wheel.write_bytes(whole[:-20])
    seen = Seen()
    assert build_llama(built_before, seen, source=file, release=release) == wheel
    assert seen.notes == [f"{wheel} is damaged, so it is built again"]
    assert ("patching", 0, 0) in seen.steps
    assert len(wheel.read_bytes()) == len(whole)
    assert sorted(path.suffix for path in wheel.parent.glob("*.whl*")) == [".sha256", ".whl"]


@pytest.mark.skipif(os.name != "posix", reason="limits")
def test_a_wheel_that_does_not_fit_leaves_the_old_one(tmp_path: Path) -> None:
    import resource

    new, folder = tmp_path / "toy-2.0-py3-none-any.whl", tmp_path / "kept"
    folder.mkdir()
    new.write_bytes(bytes(9000))
    (tmp_path / "toy-1.0-py3-none-any.whl").write_bytes(b"old")
    old = kept_wheels.keep(tmp_path / "toy-1.0-py3-none-any.whl", folder)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(BuildError) as caught:
            kept_wheels.keep(new, folder)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert str(caught.value) == f"{folder} cannot be written (File too large); make room there"
    assert kept_wheels.find(folder, Seen()) == old
    assert len(list(folder.iterdir())) == 2
    assert kept_wheels.find(folder, Seen()) != kept_wheels.keep(new, folder)
    assert {path.name for path in folder.iterdir()} == {new.name, f"{new.name}.sha256"}


def test_what_a_wheel_depends_on_is_in_its_key(monkeypatch: pytest.MonkeyPatch) -> None:
    program = compiler()
    monkeypatch.delenv("CXXFLAGS", raising=False)
    keys = [kept_wheels.key(program, "patch"), kept_wheels.key(program, "patch")]
    assert len(set(keys)) == 1
    keys += [kept_wheels.key(program, "other"), kept_wheels.key([sys.executable], "patch")]
    for name in ("CXXFLAGS", "CMAKE_GENERATOR", "SKBUILD_CMAKE_ARGS", "CUDACXX"):
        monkeypatch.setenv(name, "-O1")
        keys.append(kept_wheels.key(program, "patch"))
    keys.append(
        kept_wheels.key([sys.executable, "-c", r"import os; os.write(1, b'\xe9')"], "patch")
    )
    monkeypatch.setenv("CXXFLAGS", os.fsdecode(b"-I\xe9"))
    keys.append(kept_wheels.key(program, "patch"))
    monkeypatch.setattr("keydiff_cli.system.machine.processor_features", lambda: "avx sse")
    keys.append(kept_wheels.key(program, "patch"))
    assert len(set(keys)) == len(keys) - 1
