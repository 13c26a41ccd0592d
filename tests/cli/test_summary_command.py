"""``keydiff bench summary`` as a user runs it, with the small model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cli_helpers import CAT, SMALL, Result, story
from cli_helpers import run as keydiff

COMMON = ("--offline", "-m", SMALL, "--threads", "1", "--block", "64", "--max-tokens", "24")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A document of just over 256 tokens, so that it is kept, and a summary of it."""
    folder = tmp_path_factory.mktemp("summary")
    (folder / "harbour.txt").write_text(story(12, CAT))
    reference = {"document": "harbour.txt", "summary": "Storehouses of a harbour were painted."}
    (folder / "references.jsonl").write_text(json.dumps(reference))
    return folder


def summary(folder: Path, *words: object, models: Path) -> Result:
    given = ("harbour.txt", "--cache-dir", "kept", *COMMON, *words)
    return keydiff("bench", "summary", *given, cwd=folder, models=models)


def records(folder: Path, name: str = "summary.jsonl") -> list[dict[str, Any]]:
    _, *lines = (folder / name).read_text(encoding="ascii").splitlines()
    return [json.loads(line) for line in lines]


@pytest.mark.model
def test_a_document_of_ones_own_is_summarised(folder: Path, small_path: Path) -> None:
    models = small_path.parent
    every = ("--budget", "96", "--second-look", "192", "--length", "40", "--json", "-q")
    first = summary(folder, *every, "--with", "nothing", "--policy", "full", models=models)
    assert first.status == 0, first.err
    (whole,) = records(folder)
    # The same file goes on with what is lacking.
    compared = ("--references", "references.jsonl")
    done = summary(folder, *every, *compared, models=models)
    assert done.status == 0, done.err
    kept, *added = records(folder)
    assert kept == whole
    assert [(r["policy"], r["budget"], r["evidence"]) for r in (kept, *added)] == [
        ("full", None, "nothing"),
        ("keydiff-prerope", 96, "notes 192"),
        ("keydiff-prerope", 96, "nothing"),
    ]
    for record in (kept, *added):
        assert record["task"] == "summary, 40 words"
        assert record["answer"]
        measures = record["measures"]
        assert measures["words"] <= len(record["answer"].split())
        assert measures["parts drawn on"][1] == 1
        assert (record["notes_s"] > 0) == record["evidence"].startswith("notes")
    assert added[0]["references"] == ["Storehouses of a harbour were painted."]
    rows = json.loads(done.out)["results"]
    ways = {(row["policy"], row["budget"], row["evidence"]) for row in rows}
    assert len(ways) == 3
    # What was summarised before there was a reference is compared with it now.
    compared_rows = [row for row in rows if row["measure"] == "ROUGE-L"]
    assert [row["answers"] for row in compared_rows] == [1, 1, 1]
    assert [row["paired"] for row in compared_rows] == [0, 1, 1]

    before = (folder / "summary.jsonl").read_bytes()
    again = summary(folder, *every, *compared, models=models)
    assert json.loads(again.out)["results"] == rows
    assert (folder / "summary.jsonl").read_bytes() == before

    shown = keydiff("bench", "show", "summary.jsonl", cwd=folder)
    assert shown.status == 0, shown.err
    assert "figures supported" in shown.out
    assert "notes 192" in shown.out


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (("--with", "some"), 2, "--with: 'some' is not one of notes, nothing, recall"),
        (("--question", " "), 2, "--question: no question; write one"),
        (("none.txt",), 3, "none.txt cannot be read: No such file"),
        (("--references", "none.jsonl"), 3, "none.jsonl cannot be read: No such file"),
        (("--references", "other.jsonl"), 2, "--references: other.jsonl has none for these"),
        (("--policy", "keydif"), 2, "there is no policy 'keydif'"),
        (("--length", "short"), 2, "'--length': Input should be a valid integer"),
    ],
)
def test_what_is_wrong_is_said_first(
    words: tuple[str, ...], status: int, message: str, folder: Path
) -> None:
    (folder / "other.jsonl").write_text('{"document": "other.txt", "summary": "Of another."}')
    done = summary(folder, *words, "--out", "none.out", models=folder)
    assert (done.status, done.out) == (status, "")
    (line,) = done.errors
    assert message in line
    assert not (folder / "none.out").exists()
