"""``keydiff notes``: what each part says, with its place, on stdout or as JSON."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path

import pytest
from cli_helpers import SMALL, fails, run, story

SAMPLE = Path(__file__).parents[2] / "docs" / "sample" / "harbour-report.txt"


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "story.txt"
    path.write_text(story(lines=60))
    return path


def places(text: str) -> list[tuple[int, int]]:
    """The first and last line of each note."""
    found = re.findall(r"^\[lines? (\d+)(?:-(\d+))?\]$", text, re.MULTILINE)
    return [(int(first), int(last or first)) for first, last in found]


@pytest.mark.parametrize("budget", [256, 4000])
def test_each_part_is_noted_with_its_lines(
    tiny_path: Path, models_folder: Path, document: Path, tmp_path: Path, budget: int
) -> None:
    """What a model of random weights says has no facts that are not there, or is left out."""
    words = ("notes", "--model", tiny_path, "--budget", budget, "--block", 64)
    variables = {"KEYDIFF_CACHE": "1", "KEYDIFF_CACHE_DIR": str(tmp_path / "cache")}
    data = json.loads(run(*words, "--json", document, models=models_folder, **variables).out)
    notes = data["notes"]
    assert len(notes) > 2
    assert {note["document"] for note in notes} == {"story.txt"}
    assert notes[0]["lines"][0] == 1
    assert notes[-1]["lines"][1] == 60
    for before, after in pairwise(notes):
        assert 0 <= after["lines"][0] - before["lines"][1] <= 1
    plain = run(*words, document, models=models_folder, **variables)
    assert plain.status == 0
    assert places(plain.out) == [tuple(note["lines"]) for note in notes if note["text"]]
    assert "notes, " in plain.err
    marked = run(*words, "--format", "md", document, models=models_folder, **variables)
    assert marked.out.count("**line") == len(places(plain.out))


@pytest.mark.model
def test_a_summary_rests_on_what_a_real_model_has_noted(
    small_path: Path, models_folder: Path, tmp_path: Path
) -> None:
    """Of a pipe, which is known by its text."""
    text = SAMPLE.read_bytes()[:2000]
    folder = str(tmp_path / "cache")
    variables = {"KEYDIFF_CACHE": "1", "KEYDIFF_CACHE_DIR": folder, "KEYDIFF_CONVERSATION": "64"}
    bounds = ("--model", SMALL, "--budget", 256)
    noted = run("notes", *bounds, stdin=text, models=models_folder, **variables)
    assert noted.status == 0
    assert places(noted.out)[0][0] == 1
    said = re.findall(r"\d[\d,.]{2,}\d", re.sub(r"^\[.*\]$", "", noted.out, flags=re.MULTILINE))
    assert said
    assert all(number.strip(".,") in text.decode() for number in said)
    words = ("ask", *bounds, "--max-tokens", 40, "--json", "Summarize it in 100 words.")
    report = json.loads(run(*words, stdin=text, models=models_folder, **variables).out)
    assert report["tokens"]["reused"] == report["tokens"]["document"] > 256
    assert report["answer"]
    assert all(note["text"] in noted.out for note in report["notes"])
    assert len(report["notes"]) == len(places(noted.out))
    sentences, checked = report["sentences"], report["checked"]
    assert sentences
    assert all(sentence["text"] in report["answer"] for sentence in sentences)
    assert not any(sentence in report["answer"] for sentence in checked["left_out"])
    assert all(sentence["places"] for sentence in sentences if re.search(r"\d\d", sentence["text"]))
    assert len(report["answer"].split()) < 130
    short = (
        "ask",
        *bounds,
        "--max-tokens",
        40,
        "--format",
        "outline",
        "--length",
        50,
        "Summarize it.",
    )
    outline = run(*short, stdin=text, models=models_folder, **variables)
    assert re.findall(r"^lines? \d+", outline.out, re.MULTILINE)
    wrong = run("ask", *bounds, "--length", "tiny", "Summarize it.", stdin=text)
    assert "--length: 'tiny' is no length; write short, medium, long or a number" in fails(wrong, 2)


def test_what_cannot_be_noted(tmp_path: Path, tiny_path: Path, models_folder: Path) -> None:
    words = ("notes", "--model", tiny_path)
    missing = run(*words, tmp_path / "missing.txt", models=models_folder)
    assert "missing.txt" in fails(missing, 3)
    empty = tmp_path / "empty.txt"
    empty.write_text("")
    assert "empty.txt" in fails(run(*words, empty, models=models_folder), 3)
    form = run(*words, "--format", "pdf", empty, models=models_folder)
    assert "'pdf' is not one of 'text', 'md'" in fails(form, 2)
