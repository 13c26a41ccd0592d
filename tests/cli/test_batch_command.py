"""``keydiff batch``: rows of answers, gone on with, and what is refused."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from cli_helpers import CAT, SMALL, fails, run
from snapshot_commands import Keydiff

DOG = "The dog of the baker is white. Its name is Salt.\n"


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.model
@pytest.mark.usefixtures("small_path")
def test_each_pair_has_the_answer_that_it_has_alone(tmp_path: Path, models_folder: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text(CAT)
    (tmp_path / "in" / "b.txt").write_text(DOG)
    (tmp_path / "more.txt").write_text("Which colour is it?\n\n")
    out, name = tmp_path / "o" / "rows.jsonl", "What is the name of the animal?"
    words = ("batch", "in", "-", "-m", SMALL, "--max-tokens", 12, "-q", name)
    words = (*words, "--questions", "more.txt", "--out", out)
    done = run(*words, stdin=b"none.txt\n", models=models_folder, cwd=tmp_path)
    assert (done.status, done.out) == (1, "")
    assert done.err.splitlines()[-1] == "keydiff: 4 rows are new, 2 failed"
    assert done.warnings[-1] == "none.txt cannot be read: No such file or directory"
    first = rows(out)
    asked = [name, "Which colour is it?"]
    assert [(row["document"], row["question"]) for row in first] == [
        (document, each) for document in ("in/a.txt", "in/b.txt", "none.txt") for each in asked
    ]
    alone = ("ask", "-m", SMALL, "--max-tokens", 12, "--quiet", "in/b.txt", name)
    assert first[2]["answer"] == run(*alone, models=models_folder, cwd=tmp_path).out.strip()
    (tmp_path / "none.txt").write_text(CAT)
    again = run(*words, "--quiet", stdin=b"none.txt\n", models=models_folder, cwd=tmp_path)
    assert (again.status, again.out) == (0, "")
    assert rows(out)[:4] == first[:4]
    assert rows(out)[4]["answer"] == first[0]["answer"]


def test_choices_are_data(keydiff: Keydiff, tmp_path: Path) -> None:
    document = tmp_path / "a.txt"
    document.write_text(CAT)
    words = ("batch", document, "-q", "Which?", "--choices", "cat,dog", "--quiet")
    [row] = map(json.loads, keydiff(*words).out.splitlines())
    assert row["data"] in ("cat", "dog")
    assert (row["document"], row["error"]) == (str(document), None)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "no document; write: keydiff batch"),
        (("a.txt",), "no question; write: keydiff batch"),
        (("a.txt", "-q", " "), "no question; write: keydiff batch"),
        (("a.txt", "--questions", "none"), "--questions: none cannot be read"),
        (("a.txt", "-q", "?", "-0"), "--null is about paths on standard input"),
        (("-", "-q", "?"), "no documents"),
        (("a.txt", "-q", "?", "-q", "!", "--policy", "focus"), "reads for a question"),
        (("a.txt", "-q", "?", "--send"), "write --engine ray, too"),
        (("a.txt", "-q", "?", "--choices", "a,b", "--cite"), "--cite"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_read(words: tuple[str, ...], said: str) -> None:
    assert said in fails(run("batch", *words), 2)


def test_a_cluster_needs_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    done = run("batch", "a.txt", "-q", "?", "--engine", "ray")
    assert "pip install 'keydiff-cli[ray]'" in fails(done, 2)
