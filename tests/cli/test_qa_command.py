"""``keydiff bench qa`` as a user runs it, with the small model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cli_helpers import CAT, SMALL, Result, story
from cli_helpers import run as keydiff

from keydiff_cli.settings.checks import SMALLEST_LOOK

COMMON = ("--offline", "-m", SMALL, "--threads", "1", "--block", "64", "--max-tokens", "10")
ASKED = [
    {"question": "What is the name of the cat?", "answer": "Pepper", "pages": [1]},
    {"question": "What is the cat's wage?", "answer": "It does not say.", "kind": "absent"},
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A document of just over 256 tokens, so that it is kept, and questions about it."""
    folder = tmp_path_factory.mktemp("qa")
    (folder / "harbour.txt").write_text(story(12, CAT))
    lines = [json.dumps({"document": "harbour.txt", **question}) for question in ASKED]
    (folder / "asked.jsonl").write_text("\n".join(lines))
    return folder


def qa(folder: Path, *words: object, models: Path) -> Result:
    given = ("--data", folder / "asked.jsonl", "--cache-dir", "kept", *COMMON, *words)
    return keydiff("bench", "qa", *given, cwd=folder, models=models)


def records(folder: Path, name: str = "qa.jsonl") -> list[dict[str, Any]]:
    _, *lines = (folder / name).read_text(encoding="ascii").splitlines()
    return [json.loads(line) for line in lines]


@pytest.mark.model
def test_questions_about_a_document_of_ones_own(folder: Path, small_path: Path) -> None:
    models = small_path.parent
    every = ("--budget", "1/4", "--recall", "48", "--second-look", SMALLEST_LOOK, "--json", "-q")
    done = qa(folder, *every, "--with", "nothing,both,passages", models=models)
    assert done.status == 0, done.err
    assert len(done.err.splitlines()) <= 1  # an answer was cut short, said once
    summary = json.loads(done.out)
    assert summary["header"]["archive_type"] == "f16"
    ways = [("full", None, "nothing"), ("keydiff-prerope", "1/4", "nothing"),
            ("keydiff-prerope", "1/4", f"recall 48, second-look {SMALLEST_LOOK}"),
            ("passages", None, f"passages {SMALLEST_LOOK}")]  # fmt: skip
    rows = [(row["policy"], row["budget"], row["evidence"]) for row in summary["results"]]
    assert rows == ways * 3  # two kinds, and both
    found = {(record["policy"], record["evidence"], record["task"]): record for record in
             records(folder)}  # fmt: skip
    assert len(found) == 4 * 2
    for (policy, evidence, _), record in found.items():
        looked = sum(look["tokens"] for look in record["second_look"])
        assert (0 < looked <= SMALLEST_LOOK) == (evidence != "nothing")
        assert (0 < record["recalled"] <= 48) == evidence.startswith("recall")
        if policy == "keydiff-prerope":
            assert record["kept"] == record["budget"] == record["document_tokens"] // 4
            assert record["read_s"] > 0
    assert "Pepper" in found["full", "nothing", "question"]["answer"]
    assert summary["results"][0]["right"] == 1
    assert found["full", "nothing", "question"]["pages"] == [1]

    # What was answered is not asked again; what was read is not read again.
    again = qa(folder, *every, "--with", "recall,passages", "--samples", "1", models=models)
    assert again.status == 0, again.err
    *before, name, absent = records(folder)
    assert before == list(found.values())
    for record in (name, absent):
        assert (record["evidence"], record["read_s"]) == ("recall 48", None)

    shown = keydiff("bench", "show", "qa.jsonl", cwd=folder)
    assert shown.status == 0, shown.err
    assert f"recall 48, second-look {SMALLEST_LOOK}" in shown.out
    assert "invented" in shown.out
    refused = keydiff("bench", "show", "qa.jsonl", "--plot", "a.png", cwd=folder)
    assert refused.errors == [
        "keydiff: error: --plot: there are no pictures of answers about documents"
    ]


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (("--with", "some"), 2, "--with: 'some' is not one of nothing, recall, second-look, both"),
        (("--recall", "0"), 2, "--with both: nothing is recalled; give --recall"),
        (("--kind", "place"), 2, "--kind: 'place' is not one of question, absent"),
        (("--documents", "*.pdf"), 2, "--documents: nothing in"),
        (("--data", "none.jsonl"), 3, "none.jsonl cannot be read: No such file"),
        (("--policy", "keydif"), 2, "there is no policy 'keydif'"),
        (("--data", "bad.jsonl"), 3, "bad.jsonl, line 2: no question: 'answer' is no text"),
    ],
)
def test_what_is_wrong_is_said_first(
    words: tuple[str, ...], status: int, message: str, folder: Path
) -> None:
    lines = (folder / "asked.jsonl").read_text().splitlines()
    (folder / "bad.jsonl").write_text(f'{lines[0]}\n{{"document": "a", "question": "Why?"}}\n')
    done = qa(folder, *words, "--out", "none.out", models=folder)
    assert (done.status, done.out) == (status, "")
    (line,) = done.errors
    assert message in line
    assert not (folder / "none.out").exists()
