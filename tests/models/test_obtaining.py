"""Models of the hub by reference: the real client against a server on the loopback."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hub_server import HubServer
from model_helpers import gguf, sha256

from keydiff_cli import models
from keydiff_cli.errors import ModelError
from keydiff_cli.models import hub as hub_module
from keydiff_cli.models import staging

REPO = "someone/Toy-GGUF"
SMALL, LARGE = gguf(40_000), gguf(90_000)
PARTS = [f"Q8_0/toy-Q8_0-0000{number}-of-00002.gguf" for number in (1, 2)]
FILES = {
    f"{REPO}/toy-Q4_K_M.gguf": SMALL,
    f"{REPO}/{PARTS[0]}": gguf(60_000),
    f"{REPO}/{PARTS[1]}": LARGE,
    f"{REPO}/mmproj-toy-Q4_K_M.gguf": gguf(100),
    f"{REPO}/README.md": b"# Toy",
}


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[HubServer]:
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setattr(hub_module, "_PAUSE_SECONDS", 0.01)
    with HubServer(dict(FILES)) as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        yield server


def pull(name: str, folder: Path, lines: list[str] | None = None) -> models.LocatedModel:
    log = (lambda line: None) if lines is None else lines.append
    return models.pull_named(name, folder, offline=False, log=log)


@pytest.mark.parametrize("name", [f"hf:{REPO}", f"hf:{REPO}:q4_k_m", "{url}/" + REPO])
def test_one_file(hub: HubServer, folder: Path, lines: list[str], name: str) -> None:
    model = pull(name.format(url=hub.url), folder, lines)
    assert model.path == folder / "hub" / REPO / "toy-Q4_K_M.gguf"
    assert model.path.read_bytes() == SMALL
    assert (model.name, model.sha256) == (f"hf:{REPO}/toy-Q4_K_M.gguf", sha256(SMALL))
    assert lines == [f"fetching {model.name} (40.0 kB, apache-2.0) to {folder}"]
    assert pull(name.format(url=hub.url), folder, lines) == model
    assert lines[1:] == [f"{model.name} is already here"]


def test_split_file_comes_whole(hub: HubServer, folder: Path) -> None:
    told: list[tuple[int, int]] = []
    model = models.pull_named(
        f"hf:{REPO}:Q8_0",
        folder,
        offline=False,
        progress=lambda *bytes_: told.append(bytes_),
        log=lambda line: None,
    )
    assert model.path == folder / "hub" / REPO / PARTS[0]
    assert [path.read_bytes() for path in models.parts_of(model.path)] == [gguf(60_000), LARGE]
    assert model.size == 150_000 and told == sorted(told) and told[-1] == (150_000, 150_000)
    assert models.checksum(model.path, folder / "sums") == sha256(
        (sha256(gguf(60_000)) + sha256(LARGE)).encode()
    )
    hub.requests.clear()
    for name in (f"hf:{REPO}:Q8_0", f"hf:{REPO}/{PARTS[1]}", f"hf:{REPO}"):
        found = models.require(name, folder, offline=True, log=lambda line: None)
        assert found.path == model.path
    assert hub.requests == []


def test_split_file_that_was_cut_off_goes_on(hub: HubServer, folder: Path) -> None:
    hub.statuses[f"/blobs/{REPO}/{PARTS[1]}"] = (404, "")
    with pytest.raises(ModelError, match=f"cannot fetch hf:{REPO}/{PARTS[1]}"):
        pull(f"hf:{REPO}:Q8_0", folder)
    assert models.find(f"hf:{REPO}:Q8_0", folder) is None
    hub.statuses.clear()
    hub.requests.clear()
    pull(f"hf:{REPO}:Q8_0", folder)
    assert [path for path, _ in hub.downloads()] == [f"/blobs/{REPO}/{PARTS[1]}"]


def test_interrupted_fetch_is_resumed(hub: HubServer, folder: Path, lines: list[str]) -> None:
    hub.files[f"{REPO}/toy-Q4_K_M.gguf"] = data = gguf(3_000_000)

    def interrupt(done: int, total: int) -> None:
        if done >= 2_000_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        models.pull_named(
            f"hf:{REPO}", folder, offline=False, progress=interrupt, log=lambda line: None
        )
    hub.requests.clear()
    hub.break_after, hub.breaks = 300_000, 1  # and the connection is cut once more
    assert pull(f"hf:{REPO}", folder, lines).path.read_bytes() == data
    starts = [int((wanted or "").removeprefix("bytes=")[:-1]) for _, wanted in hub.downloads()]
    assert len(starts) == 2 and 2_000_000 <= starts[0] < starts[1]
    assert "going on after" in lines[1]


def test_token_goes_to_the_hub_alone(
    hub: HubServer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    pull(f"hf:{REPO}", folder)
    elsewhere = {path: token for path, token in hub.tokens.items() if path.startswith("/blobs/")}
    asked = {path: token for path, token in hub.tokens.items() if path not in elsewhere}
    assert set(asked.values()) == {"Bearer hf_secret"}
    assert set(elsewhere.values()) == {None}


@pytest.mark.parametrize(
    "status, code, message",
    [
        (401, "RepoNotFound", "answers 401 (no such model, or not public"),
        (401, "GatedRepo", "/someone/Toy-GGUF, and give a token in HF_TOKEN"),
        (403, "GatedRepo", "answers 403 (gated: accept its terms on http"),
        (403, "", "answers 403 (it may not be read with this token"),
        (404, "RepoNotFound", "answers 404 (no such repository: check its name)"),
        (404, "RevisionNotFound", "answers 404 (no such branch, tag or commit)"),
        (429, "", "answers 429 (too many requests: wait a while"),
        (500, "", "answers 500 (the fault is there: try again later)"),
    ],
)
@pytest.mark.parametrize("at", [f"/api/models/{REPO}", f"/{REPO}/resolve/"])
def test_hub_refuses(
    hub: HubServer, folder: Path, status: int, code: str, message: str, at: str
) -> None:
    hub.statuses[at] = (status, code)
    with pytest.raises(ModelError) as caught:
        pull(f"hf:{REPO}", folder)
    assert message in str(caught.value) and "\n" not in str(caught.value)
    assert str(caught.value).startswith(f"cannot fetch hf:{REPO}")
    assert models.find(f"hf:{REPO}", folder) is None


@pytest.mark.parametrize("status", [403, 429, 500])
def test_other_address_refuses(hub: HubServer, folder: Path, status: int) -> None:
    hub.statuses["/blobs/"] = (status, "")
    with pytest.raises(ModelError, match=f"answers {status}"):
        pull(f"hf:{REPO}", folder)


@pytest.mark.parametrize(
    "name, message",
    [
        ("hf:someone/else", "answers 404 (no such repository"),
        (f"hf:{REPO}:Q3_K_S", f"hf:{REPO} has no Q3_K_S: it has Q4_K_M, Q8_0"),
        (f"hf:{REPO}/other.gguf", f"hf:{REPO} has no model other.gguf: it has Q8_0/toy-Q8_0-00001"),
    ],
)
def test_what_is_not_there(hub: HubServer, folder: Path, name: str, message: str) -> None:
    with pytest.raises(ModelError) as caught:
        pull(name, folder)
    assert message in str(caught.value)
    assert not folder.exists()


def test_no_network(hub: HubServer, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(ModelError, match=r"127.0.0.1:9 cannot be reached \(.*: check the network"):
        pull(f"hf:{REPO}", folder)


def test_wrong_checksum(hub: HubServer, folder: Path) -> None:
    hub.etag = sha256(b"another file")
    with pytest.raises(ModelError, match="came with a wrong checksum"):
        pull(f"hf:{REPO}", folder)
    assert models.find(f"hf:{REPO}", folder) is None


def test_full_disk(hub: HubServer, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(folder.parent)
    monkeypatch.setattr(staging.shutil, "disk_usage", lambda path: usage._replace(free=1000))
    with pytest.raises(ModelError, match=f"no room for hf:{REPO}/toy-Q4_K_M.gguf"):
        pull(f"hf:{REPO}", folder)


def test_nothing_is_fetched_offline(hub: HubServer, folder: Path) -> None:
    with pytest.raises(ModelError, match=r"is not here and .* forbids fetching it"):
        models.require(f"hf:{REPO}", folder, offline=True, log=lambda line: None)
    with pytest.raises(ModelError, match="forbids fetching hf:"):
        models.pull_named(f"hf:{REPO}", folder, offline=True, log=lambda line: None)
    assert hub.requests == []


def test_removing(hub: HubServer, folder: Path) -> None:
    pull(f"hf:{REPO}:Q8_0", folder)
    assert models.remove_named(f"hf:{REPO}:Q8_0", folder) == 150_000
    assert models.find(f"hf:{REPO}", folder) is None
    assert models.remove_named(f"hf:{REPO}", folder) == 0


def test_model_in_the_cache_of_the_hub_is_used_there_and_stays(
    hub: HubServer, folder: Path, lines: list[str]
) -> None:
    from huggingface_hub import hf_hub_download

    cache = Path(os.environ["HF_HOME"]) / "hub"
    path = Path(hf_hub_download(REPO, "toy-Q4_K_M.gguf", endpoint=hub.url, cache_dir=cache))
    hub.requests.clear()
    model = models.require(f"hf:{REPO}", folder, offline=False, log=lines.append)
    assert model.path == path and model.path.read_bytes() == SMALL
    assert hub.requests == [] and lines == []
    with pytest.raises(ModelError, match="lies in the hub's own cache"):
        models.remove_named(f"hf:{REPO}", folder)
    assert path.exists() and not folder.exists()


def test_files_of_others_are_not_removed(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "x.gguf").write_bytes(SMALL)
    with pytest.raises(ModelError, match="is a file of yours"):
        models.remove_named(str(tmp_path / "x.gguf"), folder)
    with pytest.raises(ModelError, match="belongs to Ollama: remove it there"):
        models.remove_named("ollama:qwen3:4b", folder)
