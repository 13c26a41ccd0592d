"""Builds that meet another environment, a damaged wheel, a full disk or a library that fails."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from toy_build import Seen, pack, packages, toy

from keydiff_cli.build import install as installing
from keydiff_cli.build import kept_wheels
from keydiff_cli.build.building import build_llama
from keydiff_cli.build.install import check_installed
from keydiff_cli.build.programs import BuildError, compiler, do, fetching_pip, reason
from keydiff_cli.build.release import Release

__all__ = ["packages", "toy"]  # fixtures


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


def test_the_way_to_an_index_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configuration = tmp_path / "pip.conf"
    configuration.write_text(
        "[global]\nindex-url = https://one\nproxy = http://gate\nquiet = 1\nuser = 1\n"
        "extra-index-url =\n    https://two\n    https://three\n[download]\ncert = /a.pem\n"
    )
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", str(configuration))
    monkeypatch.setenv("PIP_INDEX_URL", "https://wins")
    environment = fetching_pip()
    assert environment["PIP_INDEX_URL"] == "https://wins"
    assert environment["PIP_EXTRA_INDEX_URL"].split() == ["https://two", "https://three"]
    assert environment["PIP_PROXY"] == "http://gate"
    assert environment["PIP_CERT"] == "/a.pem"
    assert environment["PIP_CONFIG_FILE"] == os.devnull
    assert not {"PIP_USER", "PIP_QUIET"} & environment.keys()
    configuration.write_text("no section")
    with pytest.raises(BuildError, match="pip cannot read its configuration"):
        fetching_pip()
    configuration.write_text("")
    monkeypatch.setenv("PIP_TIMEOUT", "soon")
    with pytest.raises(BuildError, match=r"its configuration \(.*timeout: .*'soon'\)"):
        fetching_pip()


def test_a_damaged_wheel_is_built_again(
    toy: tuple[Release, Path], packages: Path, tmp_path: Path
) -> None:
    release, file = toy
    wheel = build_llama(tmp_path / "cache", Seen(), source=file, release=release)
    whole = wheel.read_bytes()
    wheel.write_bytes(whole[:-20])
    seen = Seen()
    assert build_llama(tmp_path / "cache", seen, source=file, release=release) == wheel
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


def test_another_version_is_not_replaced_in_silence(
    toy: tuple[Release, Path], packages: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for here, notes in (("1.0", []), ("1.1", ["keydiff-toy 1.0 takes the place of 1.1"])):
        seen = Seen()
        monkeypatch.setattr("keydiff_cli.build.building.version", {"keydiff-toy": here}.__getitem__)
        build_llama(tmp_path / here, seen, source=toy[1], release=toy[0])
        assert seen.notes == notes


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


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("-- a\n  CMake Error: Unknown argument --nonsense\nCMake Error: Run 'cmake --help'", "CM"),
        ("CMake Error at a.txt:12 (message):\n  no CUDA\n\n\nCall Stack", "(message): no CUDA"),
        ("ERROR: Exception:\nTraceback (most recent call last):\n  File x\nKeyError: 'a'", "KeyE"),
        ("\nUsage:   \n  pip wheel [options] ...\n\nno such option: --x\n", "no such option: --x"),
        ("  Traceback (most recent call last):\n    File x\n  TypeError: b\n  error: c", "TypeE"),
        ("error: subprocess-exited-with-error\nERROR: Failed building wheel for x\nbad", "bad"),
        ("  c++: fatal error: Killed\nERROR: Failed building wheel for x", "c++: fatal"),
        ("a.cpp:404: x < 1e-6\nfirst: OK\nsecond: OK", "a.cpp:404: x < 1e-6"),
        ("ERROR: Could not find a version (from versions: none)\nERROR: No m", "index has none"),
        ("Hunk #1 FAILED at 1.\n1 out of 1 hunk FAILED\n", "1 out of 1"),
    ],
)
def test_the_reason_is_what_tells_most(said: str, expected: str) -> None:
    found = reason(said)
    assert expected in found
    assert "\n" not in found
    assert not found.startswith(("Usage", "ERROR: Exception", "Traceback", "ERROR: Failed"))


@pytest.mark.skipif(os.name != "posix", reason="signals and modes")
@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "it failed: signal 9 ended it"),
        ("raise SystemExit(3)", "it failed: it ended with status 3"),
    ],
)
def test_a_program_that_says_nothing(code: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(BuildError, match=f"^{said}$"):
        do([sys.executable, "-c", code], tmp_path, tmp_path / "log", "it failed")


@pytest.mark.skipif(os.name != "posix", reason="modes")
def test_a_program_that_cannot_be_run_is_named(tmp_path: Path) -> None:
    program = tmp_path / "git"
    program.write_bytes(b"\x7fnothing")
    program.chmod(0o755)
    with pytest.raises(BuildError, match=f"^{program} cannot be run: Exec format error"):
        do([str(program)], tmp_path, tmp_path / "log", "it failed")
    with pytest.raises(BuildError, match=f"^{tmp_path / 'gone'} cannot be written"):
        do([sys.executable, "-c", ""], tmp_path, tmp_path / "gone" / "log", "it failed")


@pytest.mark.parametrize("name", ["lock", "build.log"])
def test_what_is_in_the_way_of_a_build_is_said(
    name: str, toy: tuple[Release, Path], packages: Path, tmp_path: Path
) -> None:
    build_llama(tmp_path / "cache", Seen(), source=toy[1], release=toy[0])
    (folder,) = (tmp_path / "cache").iterdir()
    (folder / name).unlink(missing_ok=True)
    (folder / name).mkdir()
    with pytest.raises(BuildError, match=f"^{folder} cannot be written .Is a directory"):
        build_llama(tmp_path / "cache", Seen(), source=toy[1], release=toy[0], rebuild=True)


def test_a_program_without_room_names_the_folder(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "raise SystemExit('x.o: No space left on device')"]
    with pytest.raises(BuildError, match=f"^it failed: no space left in {tmp_path}; make room"):
        do(command, tmp_path, tmp_path / "log", "it failed")


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
