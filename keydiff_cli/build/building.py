"""From the patched source to a wheel, and into the user's environment."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from keydiff_cli.build import kept_wheels
from keydiff_cli.build.build_events import BuildEvents
from keydiff_cli.build.install import check_place, install
from keydiff_cli.build.programs import (
    BuildError,
    compiler,
    fetching_pip,
    patcher,
    run_program,
    writing,
)
from keydiff_cli.build.release import RELEASE, Release, apply, fetch, patch_files, unpack, verify
from keydiff_cli.errors import setting
from keydiff_cli.system.machine import physical_cores
from keydiff_cli.system.processes import orderly_end

_STEP = re.compile(rb"\[(\d+)/(\d+)\]")  # of ninja
_TEST = "tests/test-kv-evict.cpp"
_TOUCHED = ("src/llama-kv-cache.cpp", "src/llama-kv.cpp", _TEST)
_FLAGS = ("-fopenmp", "-mavx", "-mf16c")  # with which the library is built where they are known
_INCLUDED = ("include", "src", "ggml/include")
_OPTIONS = "-DGGML_RPC=ON"  # a model over several machines


def build_llama(
    wheels: Path,
    events: BuildEvents,
    *,
    source: Path | None = None,
    rebuild: bool = False,
    release: Release = RELEASE,
) -> Path:
    """Build the patched llama-cpp-python and install it where keydiff runs.

    A wheel that was built before with the same patches, options (``CMAKE_ARGS`` and others),
    compiler, Python and processor is installed again.

    Parameters
    ----------
    wheels
        Folder that wheels and the log of the last build are kept in.
    source
        The source distribution, if it need not be fetched.
    rebuild
        Build even if there is a wheel.

    Returns
    -------
    The wheel.

    Raises
    ------
    BuildError
        If something is missing or fails.
    """
    from filelock import FileLock, Timeout

    check_place()
    command = compiler()  # that something is missing is said before anything is fetched
    compiler("C")
    patcher()
    patches = patch_files()
    texts = (patch.read_text(encoding="utf-8") for patch in patches)
    folder = wheels / kept_wheels.key(command, release.sha256, _OPTIONS, *texts)
    with writing(folder, "see what is in its way"):
        folder.mkdir(parents=True, exist_ok=True)
        try:
            alone = FileLock(folder / "lock").acquire(timeout=0)
        except Timeout:
            raise BuildError("another build goes on; wait for it to end") from None
    with orderly_end(), alone:
        wheel = None if rebuild else kept_wheels.find(folder, events)
        if wheel is None:
            wheel = _build(release, patches, source, folder, events)
        else:
            again = f"{wheel} was built before; {setting('rebuild')} builds it again"
            events.note(events.named(again))
        with suppress(PackageNotFoundError):
            if (here := version(release.package)) != release.version:
                events.note(f"{release.package} {release.version} takes the place of {here}")
        events.step("installing")
        install(wheel, folder)
        return wheel


def check_patches(
    events: BuildEvents, *, source: Path | None = None, release: Release = RELEASE
) -> None:
    """Apply the patches and compile the files that they touch; nothing is installed.

    Raises
    ------
    BuildError
        If they do not apply or compile.
    """
    program = compiler()
    patcher()
    known = _known_flags(program)
    with orderly_end(), _patched(release, patch_files(), source, events) as tree:
        llama = tree / release.llama
        for name in _TOUCHED:
            events.step(f"compiling {name}")
            command = [*program, "-std=c++17", "-Wall", "-Wextra", "-fsyntax-only", name]
            command += [f"-I{part}" for part in _INCLUDED]
            for flags in ([], known):
                run_program(
                    [*command, *flags], llama, tree / "compile.log", f"{name} does not compile"
                )


def _known_flags(program: list[str]) -> list[str]:
    """The flags that a compiler takes for this processor; none if the compiler cannot be run."""
    taken = []
    for flag in _FLAGS:
        command = [*program, flag, "-fsyntax-only", "-x", "c++", os.devnull]
        with suppress(OSError):
            if subprocess.run(command, capture_output=True, check=False).returncode == 0:
                taken.append(flag)
    return taken


@contextmanager
def _patched(
    release: Release, patches: list[Path], source: Path | None, events: BuildEvents
) -> Iterator[Path]:
    """The patched source, in a folder that is removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="keydiff-", ignore_cleanup_errors=True) as temporary:
        folder = Path(temporary)
        with writing(folder, "make room there, or set TMPDIR to another folder"):
            file = source if source is not None else fetch(release, folder, events)
            events.step("verifying")
            verify(release, file)
            events.step("unpacking")
            tree = unpack(release, file, folder)
            events.step("patching")
            apply(patches, tree / release.llama)
        yield tree


def _build(
    release: Release, patches: list[Path], source: Path | None, folder: Path, events: BuildEvents
) -> Path:
    """Build the wheel, test it, and put it into the folder."""
    log = folder / "build.log"
    with _patched(release, patches, source, events) as tree:
        out = tree / "keydiff-wheel"
        command = [
            *(sys.executable, "-m", "pip", "wheel", "--verbose", "--no-deps", "--no-cache-dir"),
            *("--no-input", "--disable-pip-version-check", "--wheel-dir", str(out), str(tree)),
        ]
        environment = {
            "CMAKE_BUILD_PARALLEL_LEVEL": str(physical_cores()),
            **fetching_pip(),
            **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(tree.parent)),  # removed afterwards
            "CMAKE_ARGS": f"{_OPTIONS} {os.environ.get('CMAKE_ARGS', '')}".strip(),
        }
        tick = _progress(log, events)
        run_program(command, tree, log, "the build failed", environment, tick=tick, keep=True)
        wheel = next(out.glob("*.whl"))
        if (tree / release.llama / _TEST).exists() and os.name == "posix":
            events.step("testing")
            _test(wheel, tree / release.llama, folder / "test.log")
        return kept_wheels.keep(wheel, folder)


def _test(wheel: Path, llama: Path, log: Path) -> None:
    """Run the patches' own test with the libraries of a wheel."""
    folder = wheel.parent
    with writing(folder), zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    libraries = folder / "llama_cpp" / "lib"
    program = folder / "test-kv-evict"
    command = [*compiler(), "-std=c++17", "-O1", _TEST, "-Iinclude", "-Iggml/include"]
    command += [f"-L{libraries}", f"-Wl,-rpath,{libraries}", "-lllama", "-lggml", "-lggml-base"]
    failed = "the test of the patches failed"
    run_program([*command, "-o", str(program)], llama, log, failed, keep=True)
    # Threads that wait busily for each other take many times as long where others run.
    environment = {**os.environ, "OMP_WAIT_POLICY": "passive"}
    run_program([str(program)], folder, log, failed, environment, keep=True)


def _progress(log: Path, events: BuildEvents) -> Callable[[], None]:
    """Tell the steps of ninja as they come into a log."""
    read = 0

    def tick() -> None:
        nonlocal read
        with log.open("rb") as file:
            file.seek(read)
            new = file.read()
        read += len(new)
        steps = _STEP.findall(new)
        done, total = map(int, steps[-1]) if steps else (0, 0)
        if steps or not read:
            events.step("building", done, total)

    return tick
