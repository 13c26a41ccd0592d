"""Building the patched library: with a toy distribution, through real pip and real patches."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
from toy_build import PYTHON, Seen, pack, write_patch

from keydiff_cli.build import building
from keydiff_cli.build.building import build_llama, check_patches
from keydiff_cli.build.programs import BuildError, compiler
from keydiff_cli.build.release import RELEASE, Release


@pytest.fixture
def no_pip_install(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The wheels that would be installed."""
    wheels: list[Path] = []
    monkeypatch.setattr(building, "install", lambda wheel, folder: wheels.append(wheel))
    return wheels


def test_it_is_patched_built_and_installed(
    toy: tuple[Release, Path], packages: Path, tmp_path: Path
) -> None:
    release, file = toy
    seen = Seen()
    wheel = build_llama(tmp_path / "cache", seen, source=file, release=release)
    assert wheel.is_file()
    assert (packages / "keydiff_toy.py").read_text() == r"ANSWER = '42\n'"
    steps = list(dict.fromkeys(what for what, *_ in seen.steps))
    assert steps == ["verifying", "unpacking", "patching", "building", "installing"]
    assert seen.notes == []

    again = Seen()
    assert build_llama(tmp_path / "cache", again, source=file, release=release) == wheel
    assert [what for what, *_ in again.steps] == ["installing"]
    assert "rebuild builds it again" in again.notes[0]

    write_patch(tmp_path, "43")  # other patches are another wheel
    assert build_llama(tmp_path / "cache", Seen(), source=file, release=release) != wheel
    assert (packages / "keydiff_toy.py").read_text() == r"ANSWER = '43\n'"


def test_a_wheel_is_built_again_if_that_is_asked_for(
    toy: tuple[Release, Path], built_before: Path, no_pip_install: list[Path]
) -> None:
    release, file = toy
    seen = Seen()
    (wheel,) = built_before.glob("*/*.whl")
    built = wheel.stat().st_mtime_ns
    assert build_llama(built_before, seen, source=file, release=release, rebuild=True) == wheel
    assert ("verifying", 0, 0) in seen.steps
    assert wheel.stat().st_mtime_ns > built
    assert no_pip_install == [wheel]


def test_another_version_is_not_replaced_in_silence(
    toy: tuple[Release, Path],
    built_before: Path,
    no_pip_install: list[Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for here, notes in (("1.0", []), ("1.1", ["keydiff-toy 1.0 takes the place of 1.1"])):
        seen = Seen()
        monkeypatch.setattr(building, "version", {"keydiff-toy": here}.__getitem__)
        build_llama(built_before, seen, release=toy[0])
        assert "was built before" in seen.notes[0]
        assert seen.notes[1:] == notes
    assert len(no_pip_install) == 2


def test_a_failed_build_names_its_reason_and_the_log(
    toy: tuple[Release, Path], packages: Path, tmp_path: Path
) -> None:
    release, file = toy
    write_patch(tmp_path, "broken")
    with pytest.raises(BuildError, match="error: it is broken") as caught:
        build_llama(tmp_path / "cache", Seen(), source=file, release=release)
    log = Path(str(caught.value).rpartition("all of it: ")[2].rstrip(")"))
    assert "[3/3] Building" in log.read_text()
    assert "-Werror" not in str(caught.value)
    assert not (packages / "keydiff_toy.py").exists()


@pytest.mark.skipif(os.name != "posix", reason="where the test of the patches runs")
def test_a_failing_test_keeps_what_it_said(
    toy: tuple[Release, Path], packages: Path, tmp_path: Path
) -> None:
    test = tmp_path / "keydiff_toy-1.0" / "vendor" / "llama.cpp" / "tests" / "test-kv-evict.cpp"
    test.parent.mkdir()
    test.write_text("#error the rows differ\n")
    release, file = pack(tmp_path / "keydiff_toy-1.0")
    with pytest.raises(BuildError, match=r"test of the patches failed: .*rows differ") as caught:
        build_llama(tmp_path / "cache", Seen(), source=file, release=release)
    log = Path(str(caught.value).rpartition("all of it: ")[2].rstrip(")"))
    assert log.name == "test.log"
    assert "the rows differ" in log.read_text()
    assert not (packages / "keydiff_toy.py").exists()


def test_a_folder_that_cannot_be_made_is_named(toy: tuple[Release, Path], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BuildError, match=r"cannot be written \(Not a directory\); see what is in"):
        build_llama(tmp_path / "file" / "cache", Seen(), source=toy[1], release=toy[0])


@pytest.mark.parametrize("name", ["lock", "build.log"])
def test_what_is_in_the_way_of_a_build_is_said(
    name: str, toy: tuple[Release, Path], built_before: Path
) -> None:
    (folder,) = built_before.iterdir()
    (folder / name).unlink(missing_ok=True)
    (folder / name).mkdir()
    with pytest.raises(BuildError, match=f"^{folder} cannot be written .Is a directory"):
        build_llama(built_before, Seen(), source=toy[1], release=toy[0], rebuild=True)


def test_without_a_compiler_nothing_is_fetched(
    toy: tuple[Release, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setattr("keydiff_cli.build.programs.shutil.which", lambda _: None)
    seen = Seen()
    with pytest.raises(BuildError, match="no C\\+\\+ compiler"):
        check_patches(seen)
    with pytest.raises(BuildError, match="no C\\+\\+ compiler"):
        build_llama(tmp_path / "cache", seen, source=toy[1], release=toy[0])
    assert seen.steps == []


@pytest.mark.skipif(os.name != "posix", reason="programs")
def test_a_build_takes_a_c_compiler_too(
    toy: tuple[Release, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CXX", compiler()[0])
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BuildError, match="there is no C compiler; install gcc or clang"):
        build_llama(tmp_path / "cache", Seen(), source=toy[1], release=toy[0])
    monkeypatch.setenv("CC", "nosuch")
    with pytest.raises(BuildError, match="CC is 'nosuch', which is no compiler"):
        build_llama(tmp_path / "cache", Seen(), source=toy[1], release=toy[0])


@pytest.mark.parametrize("chosen", ["nosuch", "'x", "g++ 'x"])
def test_a_compiler_that_is_not_there_is_named(
    chosen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CXX", chosen)
    with pytest.raises(BuildError, match=f"CXX is '{re.escape(chosen)}', which is no compiler"):
        check_patches(Seen())


@pytest.mark.skipif(os.name != "posix", reason="the flags of its compilers")
def test_what_is_compiled_with_openmp_only_is_checked_too(
    toy: tuple[Release, Path], tmp_path: Path
) -> None:
    top = tmp_path / "keydiff_toy-1.0"
    names = ("src/llama-kv-cache.cpp", "src/llama-kv.cpp", "tests/test-kv-evict.cpp")
    files = [top / toy[0].llama / name for name in names]
    for file in files:
        file.parent.mkdir(exist_ok=True)
        file.write_text("int answer() { return 42; }\n")
    release, source = pack(top)
    check_patches(Seen(), source=source, release=release)
    files[1].write_text("#if defined(_OPENMP)\nint broken() { return nothing; }\n#endif\n")
    release, source = pack(top)
    with pytest.raises(BuildError, match=r"src/llama-kv\.cpp does not compile: .*nothing"):
        check_patches(Seen(), source=source, release=release)


@pytest.mark.patches
def test_the_real_thing(packages: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Builds for minutes; then the tests of cache, engine, devices and servers pass with it."""
    monkeypatch.delenv("LLAMA_CPP_LIB_PATH", raising=False)
    build_llama(tmp_path / "cache", Seen(), release=RELEASE)
    library = packages / "llama_cpp" / "lib"
    files = [f"llama/test_{name}.py" for name in ("native", "devices", "servers")]
    tests = [Path(__file__).parents[1] / name for name in (*files, "cache", "engine")]
    done = subprocess.run(
        [PYTHON, "-m", "pytest", "-q", *tests],
        env={**os.environ, "LLAMA_CPP_LIB_PATH": str(library)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:]
    assert "is not patched" not in done.stdout
    assert "has no RPC" not in done.stdout
