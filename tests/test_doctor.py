"""``keydiff doctor``."""

from __future__ import annotations

import importlib.util
import json
import shutil
from pathlib import Path

import pytest
from cli_helpers import run

from keydiff_cli.doctor import examine
from keydiff_cli.llama import API_VERSION
from keydiff_cli.render.flags import as_flag
from keydiff_cli.settings.resolving import resolve


def test_it_shows_what_is_here(tmp_path: Path) -> None:
    done = run("doctor", "--json", cwd=tmp_path)
    assert done.status == 0, done.err
    report = json.loads(done.out)
    assert report["library"]["access"] in ("native", "direct")
    assert report["library"]["observes"]
    assert report["library"]["devices"][0]["name"] == "CPU"
    assert Path(report["library"]["path"]).is_dir()
    assert 0 < report["memory"]["usable"] <= report["memory"]["total"]
    assert report["problems"] == []


def test_what_is_wrong_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keydiff_cli.llama.installation.api_version", lambda: API_VERSION + 1)
    monkeypatch.setattr("keydiff_cli.llama.installation.can_observe", lambda: False)
    monkeypatch.setattr("keydiff_cli.llama.installation.can_find_tensors", lambda: False)
    monkeypatch.setattr("keydiff_cli.doctor._free", lambda *_: 10**6)
    monkeypatch.setattr("keydiff_cli.system.machine.usable_memory", lambda: 10**8)
    monkeypatch.setenv("KEYDIFF_MODELS_DIR", str(tmp_path))
    told_to_users_of_the_library = examine(resolve({}).settings)["problems"]
    problems = examine(resolve({}).settings, as_flag)["problems"]
    for part in (
        f"patched for another version of keydiff (interface {API_VERSION + 1}, not {API_VERSION})",
        "every eviction copies it",
        "shows no queries, which recall and --policy focus need",
        "has 1.00 MB left, and qwen2.5-coder-1.5b takes 1.12 GB",
        "100 MB of memory are free, and qwen2.5-coder-1.5b takes 1.12 GB; close other programs or "
        "use a smaller --model",
        "has 1.00 MB left for what was read",
    ):
        assert len([problem for problem in problems if part in problem]) == 1, part
    assert len(problems) == 6
    assert told_to_users_of_the_library == [
        text.replace("--policy focus", "policy=focus").replace("--model", "model")
        for text in problems
    ]


def test_settings_that_cannot_work_are_problems(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("KEYDIFF_MODELS_DIR", str(tmp_path / "file" / "models"))
    monkeypatch.setenv("KEYDIFF_CACHE_DIR", str(tmp_path / "file"))
    monkeypatch.setenv("KEYDIFF_MODEL", str(tmp_path / "absent.gguf"))
    monkeypatch.setenv("KEYDIFF_RPC", "127.0.0.1:1")
    monkeypatch.setenv("KEYDIFF_GPU_LAYERS", "0")
    report = examine(resolve({}).settings)
    assert report["models"]["free"] is None
    for part in (
        "gpu_layers is 0",
        f"{tmp_path / 'absent.gguf'}",
        f"{tmp_path / 'file'} is no folder",
    ):
        assert any(part in problem for problem in report["problems"]), part


DAMAGED = {
    "raise ValueError('half\\nwritten')": "cannot be loaded (half written)",
    "raise MemoryError": "cannot be loaded (MemoryError)",
    "def (": "cannot be loaded (invalid syntax",
    "import sys; sys.exit(0)": "cannot be loaded (0)",
    "": "this llama-cpp-python has no llama_log_callback; install the version that",
}


def installation(folder: Path, package: str, binding: str | None = None) -> str:
    (folder / "llama_cpp").mkdir()
    (folder / "llama_cpp" / "__init__.py").write_text(package)
    if binding is not None:
        (folder / "llama_cpp" / "llama_cpp.py").write_text(binding)
    return str(folder)


@pytest.mark.parametrize(("binding", "said"), DAMAGED.items())
def test_a_damaged_installation_is_a_problem(tmp_path: Path, binding: str, said: str) -> None:
    done = run("doctor", cwd=tmp_path, PYTHONPATH=installation(tmp_path, "", binding))
    assert done.status == 1
    (problem,) = done.warnings
    assert said in problem
    assert ("pip install --force-reinstall llama-cpp-python" in problem) == bool(binding)


def without(folder: Path, name: str) -> tuple[str, str]:
    """Where an installation lies that lacks a function, and what is said of it."""
    real = Path(importlib.util.find_spec("llama_cpp").origin).parent
    package = f"__path__ = [{str(real)!r}]\nfrom llama_cpp import llama_cpp\ndel llama_cpp.{name}"
    said = f"this llama-cpp-python has no {name}; install the version that constraints.txt names"
    return installation(folder, package), said


def test_an_installation_without_a_function_is_a_problem(tmp_path: Path) -> None:
    path, said = without(tmp_path, "llama_print_system_info")
    done = run("doctor", cwd=tmp_path, PYTHONPATH=path)
    assert (done.status, done.warnings) == (1, [said])


@pytest.mark.model
def test_an_answer_without_a_function_is_refused(tmp_path: Path, small_path: Path) -> None:
    path, said = without(tmp_path, "llama_model_default_params")
    document = tmp_path / "a.txt"
    document.write_text("It is blue.")
    done = run("ask", "--model", small_path, document, "What?", cwd=tmp_path, PYTHONPATH=path)
    assert (done.status, done.err) == (4, f"keydiff: error: {said}\n")


def test_a_library_of_another_version_is_a_problem(tmp_path: Path) -> None:
    """One without the functions that are expected, as an older llama.cpp."""
    folder = Path(importlib.util.find_spec("llama_cpp").origin).parent / "lib"
    (part,) = (path for path in folder.iterdir() if path.stem in ("libggml-base", "ggml-base"))
    name = part.name.replace("ggml-base", "llama")
    shutil.copy(part, tmp_path / name)
    done = run("doctor", cwd=tmp_path, LLAMA_CPP_LIB_PATH=str(tmp_path))
    assert done.status == 1
    assert "problems" in done.out
    (problem,) = [line for line in done.warnings if "cannot be loaded" in line]
    assert "llama_" in problem
    assert problem.endswith(
        "unset LLAMA_CPP_LIB_PATH, or name a folder with libraries of its version"
    )
