"""``keydiff models``: which there are, which are here, and where."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import gguf_files
import numpy as np
import pytest
from cli_helpers import SMALL, fails, run
from other_programs import ollama_model, own_home

FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No models of other programs but those that a test puts there."""
    own_home(monkeypatch, tmp_path / "home")


def test_models_of_other_programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ollama = tmp_path / "home" / ".ollama" / "models"
    ollama_model(ollama, "registry.ollama.ai/library/tiny/1b", gguf_files.tiny())
    ollama_model(ollama, "registry.ollama.ai/library/mamba/1b", gguf_files.mamba())
    table = run("models", "list", models=tmp_path).out.split("\n\n")[1].splitlines()
    assert table[0].split() == ["on", "this", "machine", "size", "quant", "context", "from", "use"]
    assert [row.split()[0] for row in table[1:]] == ["ollama:mamba:1b", "ollama:tiny:1b"]
    assert "no: recurrent or hybrid (mamba)" in table[1] and table[2].split()[-1] == "yes"
    listed = json.loads(run("models", "list", "--json", models=tmp_path).out)[-1]
    assert (listed["source"], listed["quant"], listed["problem"]) == ("Ollama", "Q4_K_M", None)
    assert listed["trained_context"] == 8192 and listed["architecture"] == "llama"
    path = run("models", "path", "ollama:tiny:1b", models=tmp_path).out.strip()
    assert path == listed["path"]
    document = tmp_path / "a.txt"
    document.write_text("The key is under the mat. " * 20)
    asked = run("ask", "-m", "ollama:tiny:1b", str(document), "-q", "Where?", models=tmp_path)
    assert asked.status == 0, asked.err
    assert "belongs to Ollama" in fails(run("models", "remove", "ollama:tiny:1b"), 4)
    assert Path(path).is_file()


def test_list_as_json(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"GGUF")
    result = run("models", "list", "--json", models=tmp_path)
    assert (result.status, result.err) == (0, "")
    entries = {entry["name"]: entry for entry in json.loads(result.out)}
    assert {"smollm2-135m", "qwen2.5-coder-0.5b", "qwen2.5-coder-1.5b"} <= set(entries)
    for entry in entries.values():
        assert list(entry) == [
            "name",
            "description",
            "license",
            "size",
            "trained_context",
            "sha256",
            "hub_only",
            "tried",
            "path",
            "source",
            "quant",
            "architecture",
            "problem",
        ]
    assert entries["smollm2-135m"]["path"] == str(tmp_path / FILE)
    assert entries["smollm2-135m"]["size"] == 98_362_432
    assert {entry["path"] for entry in entries.values()} == {None, str(tmp_path / FILE)}


def test_list_is_a_table_with_a_line_for_each_model(tmp_path: Path) -> None:
    result = run("models", "list", models=tmp_path)
    assert (result.status, result.err) == (0, "")
    head, *rows = result.out.splitlines()
    assert head.split() == ["name", "size", "context", "licence", "here", "description"]
    names = [
        entry["name"]
        for entry in json.loads(run("models", "list", "--json", models=tmp_path).out)
    ]  # fmt: skip
    assert [row.split()[0] for row in rows] == names
    assert "\x1b" not in result.out


def test_split_model_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[Any] = []
    write = gguf_files.gguf
    with monkeypatch.context() as patch:
        patch.setattr(gguf_files, "gguf", lambda *args: written.append(args) or b"")
        gguf_files.tiny()
    metadata, tensors, _ = written[0]
    names = list(tensors)
    for number, part in enumerate((names[::2], names[1::2])):
        split: dict[str, gguf_files.Value] = {
            "split.no": np.uint16(number),
            "split.count": np.uint16(2),
            "split.tensors.count": np.int32(len(names)),
        }
        data = write(metadata | split, {name: tensors[name] for name in part}, number)
        (tmp_path / f"tiny-F32-0000{number + 1}-of-00002.gguf").write_bytes(data)
    document = tmp_path / "a.txt"
    document.write_text("The key is under the mat. " * 20)
    second = tmp_path / "tiny-F32-00002-of-00002.gguf"
    asked = run("ask", "-m", str(second), "--json", str(document), "Where?")
    assert asked.status == 0, asked.err
    model = json.loads(asked.out)["model"]
    assert model["path"].endswith("tiny-F32-00001-of-00002.gguf") and len(model["sha256"]) == 64
    second.unlink()
    message = fails(run("ask", "-m", model["path"], str(document), "Where?"), 4)
    assert "tiny-F32-00002-of-00002.gguf is not there" in message


@pytest.mark.parametrize("command", ["pull", "path", "remove"])
def test_unknown_name(command: str, tmp_path: Path) -> None:
    assert "unknown model 'nonsense'" in fails(
        run("models", command, "nonsense", models=tmp_path), 4
    )


def test_path_of_a_model_that_is_not_here(tmp_path: Path) -> None:
    message = fails(run("models", "path", "smollm2-135m", models=tmp_path), 4)
    assert "is not here: run `keydiff models pull smollm2-135m`" in message


def test_remove(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(bytes(1000))
    result = run("models", "remove", "smollm2-135m", models=tmp_path)
    assert (result.status, result.out) == (0, "")
    assert "smollm2-135m" in result.err
    assert "1.00 kB" in result.err
    assert not (tmp_path / FILE).exists()
    again = run("models", "remove", "smollm2-135m", models=tmp_path)
    assert (again.status, again.out) == (0, "")


@pytest.mark.model
def test_path_and_pull_of_an_installed_model(small_path: Path, models_folder: Path) -> None:
    located = run("models", "path", SMALL, models=models_folder)
    assert (located.status, located.out, located.err) == (0, f"{small_path}\n", "")
    pulled = run("models", "pull", SMALL, models=models_folder)
    assert (pulled.status, pulled.out) == (0, f"{small_path}\n")
    assert "already installed" in pulled.err


def test_where_no_model_fits_it_is_said(tmp_path: Path) -> None:
    said = run("models", "suggest", "--memory", "90MB", models=tmp_path)
    assert said.status == 0
    assert said.err.startswith("keydiff: no model fits into 90.0 MB: the smallest, smollm2-135m, ")
    roomy = run("models", "suggest", "--memory", "2GB", models=tmp_path)
    assert (roomy.status, roomy.err) == (0, "")
