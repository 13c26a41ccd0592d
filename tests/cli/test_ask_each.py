"""``keydiff ask --each``: what the parts have, with places, as text and as JSON."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from cli_helpers import SMALL, run
from snapshot_commands import Keydiff

SAMPLE = Path(__file__).parents[2] / "docs" / "sample" / "harbour-report.txt"
QUESTION = "List all vessels."
USUAL = {"KEYDIFF_ARCHIVE": "full", "KEYDIFF_SECOND_LOOK": "256"}


@pytest.mark.model
@pytest.mark.usefixtures("small_path")
def test_what_the_parts_have_is_listed_and_a_part_asked_once(
    keydiff: Keydiff, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a model that is too small to tell; so whatever it leans to is enough."""
    monkeypatch.setattr("keydiff_cli.snapshots.keeper.SMALLEST", 1)
    monkeypatch.setattr("keydiff_cli.reading.listing.LIKELY", -100.0)
    monkeypatch.setattr("keydiff_cli.reading.judging.Judge.PART", (-100.0, -100.0))
    monkeypatch.setattr("keydiff_cli.reading.judging.Judge.ONE", (-100.0, -100.0))
    document = tmp_path / "report.txt"
    document.write_bytes(SAMPLE.read_bytes()[6670:7090])
    text = " ".join(document.read_text().split())
    words = ("--model", SMALL, "--budget", 64, "--block", 32, document)
    first = json.loads(keydiff("ask", "--json", *words, QUESTION, **USUAL).out)
    assert first["tokens"]["document"] > 64
    items = first["sentences"]
    assert len(items) > 2
    for item in items:
        assert item["text"] in text
        assert {place["document"] for place in item["places"]} == {"report.txt"}
    [kept] = keydiff.cache.glob("*.notes")
    said = kept.read_bytes()
    again = keydiff("ask", *words, QUESTION, **USUAL)
    assert again.out == first["answer"] + "\n"
    assert kept.read_bytes() == said, "a part was asked again"
    assert re.search(r"each of \d+ parts is asked; --no-each answers", again.err)
    lines = again.out.splitlines()
    assert [re.sub(r"^- (.*) \[lines? [\d-]+\]$", r"\1", line) for line in lines] == [
        item["text"] for item in items
    ]


def test_one_list_of_several_documents_names_what_makes_a_row_of_each(tmp_path: Path) -> None:
    words = ("ask", "--model", SMALL, "--each", "--schema", "{}")
    documents = (tmp_path / "a.txt", tmp_path / "b.txt")
    said = "a row of data from each: keydiff extract"
    assert said in run(*words, *documents, "Which?").err.splitlines()[0]
    assert said not in run(*words, documents[0], "Which?").err
    assert said not in run(*words, "--quiet", *documents, "Which?").err
