"""Building the patched library: with a toy distribution, through real pip and real patches."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from toy_build import PATCH, PYTHON, Seen, pack, packages, toy, write_patch

from keydiff_cli.build import install as installing
from keydiff_cli.build.building import build_llama, check_patches
from keydiff_cli.build.programs import BuildError, compiler
from keydiff_cli.build.release import RELEASE, Release, apply, patch_files, verify
from keydiff_cli.system.processes import run

__all__ = ["packages", "toy"]  # fixtures


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
    assert "--rebuild builds it again" in again.notes[0]
    build_llama(tmp_path / "cache", again, source=file, release=release, rebuild=True)
    assert ("verifying", 0, 0) in again.steps

    write_patch(tmp_path, "43")  # other patches are another wheel
    assert build_llama(tmp_path / "cache", Seen(), source=file, release=release) != wheel
    assert (packages / "keydiff_toy.py").read_text() == r"ANSWER = '43\n'"


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


def test_what_does_not_fit_is_refused(toy: tuple[Release, Path], tmp_path: Path) -> None:
    release, file = toy
    other = tmp_path / "other.tar.gz"
    other.write_bytes(b"something else")
    with pytest.raises(BuildError, match=r"is not keydiff_toy-1\.0\.tar\.gz"):
        build_llama(tmp_path / "cache", Seen(), source=other, release=release)
    with pytest.raises(BuildError, match="cannot be read: No such file"):
        verify(release, tmp_path / "none.tar.gz")
    (tmp_path / "0001-answer.patch").write_text(PATCH.format(answer=42).replace("-41", "-40"))
    with pytest.raises(BuildError, match=r"0001-answer\.patch does not apply: error: patch failed"):
        build_llama(tmp_path / "cache", Seen(), source=file, release=release)


def test_a_folder_that_cannot_be_made_is_named(toy: tuple[Release, Path], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BuildError, match=r"cannot be written \(Not a directory\); see what is in"):
        build_llama(tmp_path / "file" / "cache", Seen(), source=toy[1], release=toy[0])


def test_patch_serves_where_git_is_missing(
    toy: tuple[Release, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "keydiff_toy-1.0" / "vendor" / "llama.cpp"
    here = {"git": None, "patch": "/usr/bin/patch"}
    if not Path("/usr/bin/patch").exists():
        pytest.skip("there is no patch")
    monkeypatch.setattr("keydiff_cli.build.programs.shutil.which", here.get)
    apply([tmp_path / "0001-answer.patch"], folder)
    assert (folder / "answer.txt").read_text() == "42\n"
    here["patch"] = None
    with pytest.raises(BuildError, match="neither git nor patch"):
        apply([tmp_path / "0001-answer.patch"], folder)


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


def test_the_patches_come_in_order_with_messages() -> None:
    files = patch_files()
    assert [file.name[:4] for file in files] == ["0001", "0002", "0003"]
    for number, file in enumerate(files, start=1):
        text = file.read_text(encoding="utf-8")
        assert f"Subject: [PATCH {number}/{len(files)}] " in text
        assert f"+#define LLAMA_KV_API_VERSION {building_api()}" in text or number != 2


def building_api() -> int:
    from keydiff_cli.llama import API_VERSION

    return API_VERSION


@pytest.mark.skipif(os.name != "posix", reason="process groups")
@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_a_program_ends_with_all_that_it_started(
    error: type[BaseException], tmp_path: Path
) -> None:
    started = tmp_path / "pid"
    code = (
        "import subprocess, sys, time; "
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); "
        f"open({str(started)!r}, 'w').write(str(child.pid)); time.sleep(60)"
    )

    def tick() -> None:
        if started.exists() and started.read_text():
            raise error

    with (tmp_path / "log").open("wb") as output, pytest.raises(error):
        run([sys.executable, "-c", code], folder=tmp_path, output=output, tick=tick)
    child = int(started.read_text())
    for _ in range(50):
        status = Path(f"/proc/{child}/stat")
        if not status.exists() or status.read_text().split()[2] == "Z":
            return
        time.sleep(0.1)
    os.kill(child, signal.SIGKILL)
    pytest.fail("the child of the program is still there")


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_what_must_be_whole_is_finished_first(number: signal.Signals, tmp_path: Path) -> None:
    code = "import sys, time; time.sleep(1); open('done', 'w').close()"
    sent: list[bool] = []

    def tick() -> None:
        if not sent:
            sent.append(True)
            os.kill(os.getpid(), number)

    came: list[int] = []
    before = signal.signal(number, lambda number, _: came.append(number))
    try:
        with (tmp_path / "log").open("wb") as output:
            command = [sys.executable, "-c", code]
            assert run(command, folder=tmp_path, output=output, tick=tick, whole=True) == 0
    finally:
        signal.signal(number, before)
    assert (tmp_path / "done").exists()
    assert came == [number]


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_does_not_cut_the_clean_up_short(
    number: signal.Signals, tmp_path: Path
) -> None:
    """It comes while a program that takes its time is being ended."""
    slow = (
        "import os, signal, sys, time; "
        "signal.signal(signal.SIGTERM, lambda *_: (print('ending', flush=True), time.sleep(1), "
        "sys.exit())); print(os.getpid(), flush=True); time.sleep(60)"
    )
    code = (
        "import pathlib, sys, tempfile; from keydiff_cli.system.processes import orderly_end, run\n"
        f"with orderly_end(), tempfile.TemporaryDirectory(dir={str(tmp_path)!r}) as folder:\n"
        "    pathlib.Path(folder, 'file').touch()\n"
        f"    run([sys.executable, '-c', {slow!r}], folder=pathlib.Path(folder), output=sys.stdout)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        text=True,
    )
    with process:
        assert process.stdout is not None
        slow_one = int(process.stdout.readline())
        process.send_signal(number)
        assert process.stdout.readline() == "ending\n"
        process.send_signal(signal.SIGINT)
        process.wait(30)
        with pytest.raises(ProcessLookupError):
            os.kill(slow_one, 0)
    assert list(tmp_path.iterdir()) == []
    assert process.returncode in (-number, 128 + number)


@pytest.mark.patches
def test_the_real_thing(packages: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Builds for minutes; then the tests of cache, engine and devices pass with it."""
    monkeypatch.delenv("LLAMA_CPP_LIB_PATH", raising=False)
    build_llama(tmp_path / "cache", Seen(), release=RELEASE)
    library = packages / "llama_cpp" / "lib"
    names = ("llama/test_native.py", "llama/test_devices.py", "cache", "engine")
    tests = [Path(__file__).parents[1] / name for name in names]
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
