"""Models of other programs: found, named, and left as they are."""

from __future__ import annotations

from pathlib import Path

import gguf_files
import pytest
from other_programs import hub_model, ollama_model, own_home, put

from keydiff_cli import models
from keydiff_cli.errors import ModelError
from keydiff_cli.models.elsewhere import every_model, named, usable_names
from keydiff_cli.models.overview import on_this_machine

DATA = gguf_files.decoder("llama")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return own_home(monkeypatch, tmp_path / "home")


def test_ollama(home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    root = home / ".ollama" / "models"
    blob = ollama_model(root, "registry.ollama.ai/library/qwen3/4b", DATA)
    ollama_model(root, "registry.ollama.ai/library/qwen3/latest", DATA)
    ollama_model(root, "registry.ollama.ai/somebody/own/v1", DATA)
    ollama_model(root, "hf.co/owner/repo/Q4_K_M", DATA)
    names = [found.name.removeprefix("ollama:") for found in every_model()]
    assert names == ["hf.co/owner/repo:Q4_K_M", "qwen3:4b", "qwen3:latest", "somebody/own:v1"]
    found = named("ollama:Qwen3:4b")
    assert (found.path, found.size, found.quant) == (blob, len(DATA), "Q4_K_M")
    assert named("ollama:qwen3").name == "ollama:qwen3:latest"
    assert models.locate("ollama:hf.co/owner/repo:Q4_K_M", tmp_path).path == blob
    monkeypatch.setenv("OLLAMA_MODELS", str(tmp_path / "moved"))
    with pytest.raises(ModelError, match="Ollama has no model 'qwen3:4b' here: it has none"):
        named("ollama:qwen3:4b")
    root.rename(tmp_path / "moved")
    assert named("ollama:qwen3:4b").size == len(DATA)


def test_ollama_with_damaged_files(home: Path, tmp_path: Path) -> None:
    root = home / ".ollama" / "models"
    ollama_model(root, "registry.ollama.ai/library/gone/1", DATA).unlink()
    for name, text in {
        "a": "",
        "b": "[]",
        "c": '{"layers": 3}',
        "d": '{"layers": [1, {}]}',
    }.items():
        put(root / "manifests" / "registry.ollama.ai" / "library" / name / "1", text.encode())
    (gone,) = on_this_machine(tmp_path)
    assert (gone.name, gone.problem) == ("ollama:gone:1", "unreadable: No such file or directory")
    with pytest.raises(ModelError, match="there is no model file"):
        models.locate("ollama:gone:1", tmp_path)


@pytest.mark.parametrize("root", [".lmstudio/models", ".cache/lm-studio/models"])
def test_lm_studio(home: Path, root: str) -> None:
    folder = home / root / "pub" / "Repo-GGUF"
    small = put(folder / "x-Q4_K_M.gguf", DATA)
    large = put(folder / "x-Q8_0.gguf", DATA)
    put(folder / "mmproj-x-f16.gguf", DATA)
    assert named("lmstudio:pub/Repo-GGUF").path == small  # by the order of preference
    assert named("lmstudio:pub/Repo-GGUF/x-Q8_0.gguf").path == large
    with pytest.raises(ModelError, match="cannot be used: it is no language model"):
        named("lmstudio:pub/Repo-GGUF/mmproj-x-f16.gguf")
    with pytest.raises(ModelError, match="it has lmstudio:pub/Repo-GGUF/x-Q4_K_M"):
        named("lmstudio:pub/Repo")


def test_llama_cpp(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLAMA_CACHE", str(tmp_path / "cache"))
    path = put(tmp_path / "cache" / "owner_repo_x-Q4_0.gguf", DATA)
    assert named("llamacpp:owner_repo_x-Q4_0.gguf").path == path
    assert named("llamacpp:owner_repo_x-Q4_0").path == path


@pytest.mark.parametrize("variable", ["HF_HUB_CACHE", "HF_HOME", None])
def test_cache_of_the_hub(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str | None
) -> None:
    root = home / ".cache" / "huggingface" / "hub"
    if variable:
        root = tmp_path / "cache" / ("hub" if variable == "HF_HOME" else "")
        monkeypatch.setenv(variable, str(tmp_path / "cache"))
    path = hub_model(root, "owner/repo--x", "x-Q4_K_M.gguf", DATA)
    model = models.locate("hf:owner/repo--x", tmp_path / "models")
    assert (model.path, model.name) == (path, "hf:owner/repo--x/x-Q4_K_M.gguf")
    assert models.find("hf:owner/repo--x:Q8_0", tmp_path / "models") is None
    assert models.find("hf:owner/repo--x@v2", tmp_path / "models") is None
    assert [found.name for found in every_model()] == [model.name]


def test_split_files(home: Path, tmp_path: Path) -> None:
    folder = home / ".lmstudio" / "models" / "pub" / "repo"
    first = put(folder / "x-Q4_0-00001-of-00002.gguf", DATA)
    second = put(folder / "x-Q4_0-00002-of-00002.gguf", DATA)
    model = models.locate("lmstudio:pub/repo", tmp_path)
    assert (model.path, model.size) == (first, 2 * len(DATA))
    assert models.locate(str(second), tmp_path).path == first
    second.unlink()
    (found,) = on_this_machine(tmp_path)
    assert found.problem == "split, and 1 of its parts are not there"
    with pytest.raises(ModelError, match="cannot be used: it is split"):
        models.locate("lmstudio:pub/repo", tmp_path)


def test_overview_reads_headers_and_writes_nothing(home: Path, tmp_path: Path) -> None:
    folder = home / ".lmstudio" / "models" / "pub" / "repo"
    put(folder / "a-Q4_0.gguf", DATA)
    put(folder / "b-Q4_0.gguf", gguf_files.mamba())
    put(folder / "c-Q4_0.gguf", b"no model")
    put(folder / "d-Q4_0.gguf", gguf_files.bert())
    before = {path: path.stat().st_mtime_ns for path in home.rglob("*")}
    found = list(on_this_machine(tmp_path / "models"))
    assert [(model.architecture, model.quant, model.context) for model in found][:2] == [
        ("llama", "Q4_0", 8192),
        ("mamba", "Q4_0", 64),
    ]
    assert [model.problem for model in found] == [
        None,
        "recurrent or hybrid (mamba): it has no ordinary cache",
        "unreadable: no GGUF file, or damaged",
        "an embedding or encoder model (bert)",
    ]
    assert {path: path.stat().st_mtime_ns for path in home.rglob("*")} == before
    assert not (tmp_path / "models").exists()


def test_a_program_that_is_out_of_reach_hides_no_other(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    home = own_home(monkeypatch, tmp_path)
    monkeypatch.setenv("OLLAMA_MODELS", "/tmp/" + "a" * 300)
    lmstudio = home / ".lmstudio" / "models" / "someone" / "model"
    lmstudio.mkdir(parents=True)
    (lmstudio / "model-Q4_K_M.gguf").write_bytes(b"GGUF")
    assert len(usable_names()) == 1
    [lost] = [found for found in every_model() if found.source == "Ollama"]
    assert (lost.problem or "").startswith("out of reach: ")
