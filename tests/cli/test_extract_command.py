"""``keydiff extract`` with the small model: a table of documents, also of one that fails."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from cli_helpers import CAT, SMALL, fails, run

SCHEMA = json.dumps(
    {
        "properties": {"animal": {"enum": ["cat", "dog"]}, "old": {"type": "boolean"}},
        "required": ["animal", "old"],
    }
)


@pytest.mark.model
@pytest.mark.usefixtures("small_path")
def test_each_document_has_its_row_and_is_read_once(tmp_path: Path, models_folder: Path) -> None:
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text(CAT)
    words = ("extract", "--model", SMALL, "--schema", SCHEMA, "a.txt", "none.txt", "b.txt")
    done = run(*words, "--out", "rows.csv", models=models_folder, cwd=tmp_path)
    assert (done.status, done.out) == (1, "")
    assert [line for line in done.err.splitlines() if "warning" in line] == [
        "keydiff: warning: none.txt cannot be read: No such file or directory"
    ]
    assert done.err.splitlines()[-1] == "keydiff: 2 rows are new, 1 failed"
    rows = list(csv.DictReader(io.StringIO((tmp_path / "rows.csv").read_text())))
    assert [row["document"] for row in rows] == ["a.txt", "none.txt", "b.txt"]
    assert {row["animal"] for row in rows} <= {"cat", "dog", ""}
    assert [row["old"] in ("true", "false") for row in rows] == [True, False, True]
    (tmp_path / "none.txt").write_text(CAT)
    words = (*words, "--quiet", "--out", "rows.csv")
    again = run(*words, models=models_folder, cwd=tmp_path)
    assert (again.status, again.out, again.err) == (0, "", "")


@pytest.mark.model
@pytest.mark.usefixtures("small_path")
def test_without_a_file_rows_are_lines_on_stdout(cat: Path, models_folder: Path) -> None:
    words = ("extract", "--model", SMALL, "--quiet", "-q", "Which animal?", "--schema", SCHEMA)
    done = run(*words, cat, models=models_folder)
    assert (done.status, done.err) == (0, "")
    [row] = map(json.loads, done.out.splitlines())
    assert list(row) == ["document", "error", "made_of", "animal", "old"]
    assert (row["document"], row["error"]) == (str(cat), None)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "no document; write: keydiff extract"),
        (("a.txt",), "no schema; write: keydiff extract"),
        (("-", "--schema", SCHEMA), "standard input has no name"),
        (("a.txt", "--schema", '{"properties": {"error": {}}}'), "a field 'error'"),
        (("a.txt", "--schema", '{"not": {}}'), "#/not: "),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_read(words: tuple[str, ...], said: str) -> None:
    assert said in fails(run("extract", *words), 2)
