"""From the patched source to a wheel, and into the user's environment."""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

from keydiff_cli.build.events import BuildEvents
from keydiff_cli.build.source import (
    RELEASE,
    BuildError,
    Release,
    apply,
    building,
    fetch,
    patch_files,
    reason,
    unpack,
    verify,
)
from keydiff_cli.machine import physical_cores, processor
from keydiff_cli.processes import orderly_end, run

_STEP = re.compile(rb"\[(\d+)/(\d+)\]")  # of ninja
_TEST = "tests/test-kv-evict.cpp"
_TOUCHED = ("src/llama-kv-cache.cpp", "src/llama-kv.cpp", _TEST)
_INCLUDED = ("include", "src", "ggml/include")
_OPTIONS = "-DGGML_RPC=ON"  # a model over several machines
_NO_PACKAGES = "this Python takes no packages; run keydiff from a virtual environment"


def build_llama(
    cache: Path,
    events: BuildEvents,
    *,
    source: Path | None = None,
    rebuild: bool = False,
    release: Release = RELEASE,
) -> Path:
    """Build the patched llama-cpp-python and install it where keydiff runs.

    A wheel that was built before with the same patches, options (``CMAKE_ARGS``), compiler, Python
    and processor is installed again.

    Parameters
    ----------
    cache
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

    _check_python()
    patches = patch_files()
    folder = cache / _key(release, patches)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with orderly_end(), FileLock(folder / "lock", timeout=0):
            wheels = sorted(folder.glob("*.whl"))
            if rebuild or not wheels:
                wheel = _build(release, patches, source, folder, events)
            else:
                wheel = wheels[0]
                events.note(f"{wheel} was built before; --rebuild builds it again")
            _install(wheel, folder, events)
            return wheel
    except Timeout:
        raise BuildError("another build goes on; wait for it to end") from None


def check_patches(
    events: BuildEvents, *, source: Path | None = None, release: Release = RELEASE
) -> None:
    """Apply the patches and compile the files that they touch; nothing is installed.

    Raises
    ------
    BuildError
        If they do not apply or compile.
    """
    compiler = _compiler()
    with orderly_end(), _patched(release, patch_files(), source, events) as tree:
        llama = tree / release.llama
        for name in _TOUCHED:
            events.step(f"compiling {name}")
            command = [*compiler, "-std=c++17", "-Wall", "-Wextra", "-fsyntax-only", name]
            _do(command + [f"-I{part}" for part in _INCLUDED], llama, tree / "compile.log", name)


def _key(release: Release, patches: list[Path]) -> str:
    """What a wheel depends on."""
    digest = hashlib.sha256(release.sha256.encode())
    for patch in patches:
        digest.update(patch.read_bytes())
    ours = [os.environ.get(name, "") for name in ("CMAKE_ARGS", "CXX", "CC")]
    for part in (*ours, _OPTIONS, sysconfig.get_platform(), processor()):
        digest.update(f"{part}\0".encode())
    return f"{sys.implementation.cache_tag}-{digest.hexdigest()[:16]}"


@contextmanager
def _patched(
    release: Release, patches: list[Path], source: Path | None, events: BuildEvents
) -> Iterator[Path]:
    """The patched source, in a folder that is removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="keydiff-", ignore_cleanup_errors=True) as temporary:
        folder = Path(temporary)
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
    _compiler()  # that there is none is said before anything is fetched
    log = folder / "build.log"
    with _patched(release, patches, source, events) as tree:
        out = tree / "keydiff-wheel"
        command = [
            *(sys.executable, "-m", "pip", "wheel", "--verbose", "--no-deps", "--no-cache-dir"),
            *("--no-input", "--disable-pip-version-check", "--wheel-dir", str(out), str(tree)),
        ]
        environment = {
            "CMAKE_BUILD_PARALLEL_LEVEL": str(physical_cores()),
            **building(),
            **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(tree.parent)),  # removed afterwards
            "CMAKE_ARGS": f"{os.environ.get('CMAKE_ARGS', '')} {_OPTIONS}".strip(),
        }
        _do(command, tree, log, "the build", environment, _progress(log, events))
        wheel = next(out.glob("*.whl"))
        if (tree / release.llama / _TEST).exists() and os.name == "posix":
            events.step("testing")
            _test(wheel, tree / release.llama, tree)
        for old in folder.glob("*.whl"):
            old.unlink()
        part = folder / f"{wheel.name}.part"
        shutil.copyfile(wheel, part)
        return part.replace(folder / wheel.name)


def _test(wheel: Path, llama: Path, tree: Path) -> None:
    """Run the patches' own test with the libraries of a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tree / "unpacked")
    libraries = tree / "unpacked" / "llama_cpp" / "lib"
    program = tree / "test-kv-evict"
    command = [*_compiler(), "-std=c++17", "-O1", _TEST, "-Iinclude", "-Iggml/include"]
    command += [f"-L{libraries}", f"-Wl,-rpath,{libraries}", "-lllama", "-lggml", "-lggml-base"]
    _do([*command, "-o", str(program)], llama, tree / "test.log", "the test of the patches")
    _do([str(program)], tree, tree / "test.log", "the test of the patches")


def _install(wheel: Path, folder: Path, events: BuildEvents) -> None:
    events.step("installing")
    command = [
        *(sys.executable, "-m", "pip", "install", "--no-deps", "--force-reinstall"),
        *("--no-input", "--disable-pip-version-check", str(wheel)),
    ]
    _do(command, folder, folder / "install.log", "the installation", whole=True)


def _check_python() -> None:
    """Refuse a Python that pip cannot install into, before minutes are spent on building.

    Raises
    ------
    BuildError
        If it is one.
    """
    if find_spec("pip") is None:
        raise BuildError(f"{sys.executable} has no pip; run 'python -m ensurepip', or install it")
    marker = Path(sysconfig.get_path("stdlib")) / "EXTERNALLY-MANAGED"
    if marker.exists() and sys.prefix == sys.base_prefix and "PIP_TARGET" not in os.environ:
        raise BuildError(_NO_PACKAGES)


def _compiler() -> list[str]:
    """The C++ compiler that CMake would take on this system.

    Raises
    ------
    BuildError
        If there is none.
    """
    if (chosen := os.environ.get("CXX", "")).strip():
        with suppress(ValueError):
            command = shlex.split(chosen)
            if shutil.which(command[0]):
                return command
        raise BuildError(f"CXX is '{chosen}', which is no compiler here")
    for name in ("c++", "g++", "clang++"):
        if found := shutil.which(name):
            return [found]
    if sys.platform == "win32":
        return ["cl"]  # which CMake finds where shells do not
    raise BuildError("there is no C++ compiler; install g++ or clang")


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


def _do(
    command: list[str],
    folder: Path,
    log: Path,
    what: str,
    environment: dict[str, str] | None = None,
    tick: Callable[[], None] = lambda: None,
    whole: bool = False,
) -> None:
    """Run a program; a failure names its reason and the log, where that stays."""
    try:
        with log.open("wb") as output:
            status = run(
                command,
                folder=folder,
                output=output,
                environment=environment,
                tick=tick,
                whole=whole,
            )
    except FileNotFoundError as error:
        raise BuildError(f"{command[0]} cannot be run: {error.strerror}") from error
    if status:
        kept = f" (all of it: {log})" if log.name in ("build.log", "install.log") else ""
        raise BuildError(f"{what} failed: {reason(log, _hint)}{kept}")


def _hint(text: str) -> str | None:
    if "externally-managed-environment" in text:
        return _NO_PACKAGES
    if "CMAKE_CXX_COMPILER" in text and "could not find" in text.lower():
        return "CMake finds no C++ compiler; install one"
    return None


def check_installed() -> None:
    """Check that the library which keydiff loads is a patched one, in a process of its own.

    Raises
    ------
    BuildError
        If it is not.
    """
    code = (
        "import sys; sys.path[:] = filter(None, sys.path); "  # not what lies in this folder
        "from keydiff_cli.llama import API_VERSION, api_version as a; print(a() == API_VERSION)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    if done.stdout.strip() != "True":
        raise BuildError(
            "the library is installed, but keydiff loads another one; is LLAMA_CPP_LIB_PATH set? "
            "See 'keydiff doctor'"
        )
