"""``keydiff bench each`` as a user runs it, with the small model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from bench_helpers import prose
from cli_helpers import SMALL, Result
from cli_helpers import run as keydiff

__all__ = ["prose"]  # a fixture

COMMON = (
    "--text", "prose", "--cache-dir", "kept", "--offline", "-m", SMALL, "--threads", "1",
    "--block", "64", "--max-tokens", "24", "--items", "2", "--length", "400", "-q",
)  # fmt: skip


def each(folder: Path, *words: object, models: Path) -> Result:
    return keydiff("bench", "each", *COMMON, *words, cwd=folder, models=models)


def records(folder: Path) -> list[dict[str, Any]]:
    _, *lines = (folder / "each.jsonl").read_text(encoding="ascii").splitlines()
    return [json.loads(line) for line in lines]


@pytest.mark.model
def test_all_items_of_each_kind_are_asked_for(
    prose: Path, tmp_path: Path, small_path: Path
) -> None:
    models = small_path.parent
    some = ("--budget", "96", "--with", "nothing", "--json")
    first = each(tmp_path, *some, "--kind", "people", "--policy", "full", models=models)
    assert first.status == 0, first.err
    done = each(tmp_path, *some, models=models)
    assert done.status == 0, done.err
    found = records(tmp_path)
    assert [(record["task"], record["policy"], record["budget"]) for record in found] == [
        ("people", "full", None), ("deadlines", "full", None), ("penalties", "full", None),
        ("deadlines", "keydiff-prerope", 96), ("people", "keydiff-prerope", 96),
        ("penalties", "keydiff-prerope", 96),
    ]  # fmt: skip
    document = (tmp_path / "each.texts" / "each-400-2-0.txt").read_text(encoding="utf-8")
    for record in found:
        assert record["length"] == 400
        assert len(record["references"]) == 2
        assert all(wanted.split(": ")[0] in document for wanted in record["references"])
        assert record["measures"]["found"][1] == 2
    assert 0.9 * 400 < found[0]["document_tokens"] < 1.1 * 400
    rows = json.loads(done.out)["results"]
    assert {row["kind"] for row in rows} == {"deadlines", "people", "penalties", "all"}
    (together,) = [
        row
        for row in rows
        if (row["kind"], row["measure"], row["policy"]) == ("all", "found", "keydiff-prerope")
    ]
    assert (together["answers"], together["texts"], together["whole"]) == (3, 1, 6)
    parts = each(tmp_path, *some, "--with", "each", "--kind", "people", models=models)
    assert parts.status == 0, parts.err
    *before, whole, compressed = records(tmp_path)
    assert before == found
    for record, policy in ((whole, "full"), (compressed, "keydiff-prerope")):
        assert (record["policy"], record["evidence"]) == (policy, "each")
        assert record["measures"]["listed"] == len(record["answer"].splitlines())
    table = keydiff("bench", "show", "each.jsonl", cwd=tmp_path)
    assert "repeated" in table.out
    other = each(tmp_path, *some, "--seed", "1", models=models)
    assert other.status == 2
    assert "begun with another --seed; name another file" in other.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--with", "notes"), "--with: 'notes' is not one of each, nothing, recall"),
        (("--kind", "people,dates"), "--kind: 'dates' is not one of deadlines, people, penalties"),
        (("--items", "61"), "'--items': Input should be less than or equal to 60"),
        (("--length", "100"), "--length: '100' is no list of whole numbers"),
    ],
)
def test_what_is_wrong_is_said_first(
    words: tuple[str, ...], message: str, prose: Path, tmp_path: Path
) -> None:
    done = each(tmp_path, *words, models=tmp_path)
    assert (done.status, done.out) == (2, "")
    (line,) = done.errors
    assert message in line
    assert not list(tmp_path.glob("each*"))
