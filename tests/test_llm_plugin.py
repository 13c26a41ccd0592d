"""keydiff as a model of the command ``llm``, as a process of its own."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_helpers import CAT
from process_helpers import Result, run_process

pytest.importorskip("llm")
pytestmark = [pytest.mark.serve, pytest.mark.model]

Llm = Callable[..., Result]


@pytest.fixture
def llm(small_path: Path, models_folder: Path, tmp_path: Path) -> Llm:
    def run(*words: object, stdin: bytes = b"", model: str = "smollm2-135m") -> Result:
        ours = {"LLM_USER_PATH": str(tmp_path / "llm"), "KEYDIFF_CACHE_DIR": str(tmp_path / "kept")}
        command = [sys.executable, "-m", "llm"]
        words = ("-m", "keydiff", "-o", "model", model, *words)
        return run_process(*words, stdin=stdin, command=command, models=models_folder, **ours)

    return run


@pytest.fixture
def cat(tmp_path: Path) -> Path:
    path = tmp_path / "cat.txt"
    path.write_text(CAT)
    return path


def test_a_question_about_an_attachment_and_another_one(llm: Llm, cat: Path) -> None:
    first = llm("What is the name of the cat?", "-a", cat, "-o", "max_tokens", 30)
    assert first.status == 0 and "Pepper" in first.out and first.err == ""
    second = llm("What is its name again?", "-c", "-o", "max_tokens", 3)
    assert second.status == 0 and second.out.strip()
    (warned,) = second.warnings
    assert warned.startswith("the answer stopped after 3 tokens") and "-o max_tokens " in warned


def test_data_of_what_comes_by_a_pipe(llm: Llm) -> None:
    schema = json.dumps({"type": "object", "properties": {"name": {"type": "string"}},
                         "required": ["name"], "additionalProperties": False})  # fmt: skip
    words = "Which cat?", "--at", "-", "text/plain", "--schema", schema
    done = llm(*words, stdin=CAT.encode())
    assert list(json.loads(done.out)) == ["name"]


def test_errors_are_one_line(llm: Llm, cat: Path) -> None:
    for words, model, said in (
        (("What?", "-a", cat), "no-such-model", "unknown model 'no-such-model'"),
        (("x " * 3000, "-a", cat), "smollm2-135m", "the question has"),
        (("What?", "-a", cat, "-o", "budget", -1), "smollm2-135m", "budget"),
    ):
        done = llm(*words, model=model)
        assert done.status == 1 and done.out.strip() == ""
        (line,) = done.err.splitlines()
        assert line.startswith("Error: ") and said in line
