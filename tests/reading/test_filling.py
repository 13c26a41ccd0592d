"""Data that the parts have, with the small model: a list of all, each with its places."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli_helpers import SMALL
from snapshot_commands import Keydiff

SAMPLE = Path(__file__).parents[2] / "docs" / "sample" / "harbour-report.txt"
SCHEMA = {
    "type": "object",
    "properties": {"vessel": {"$ref": "#/$defs/name"}, "large": {"type": "boolean"}},
    "required": ["vessel", "large"],
    "$defs": {"name": {"type": "string", "maxLength": 8}},
}
USUAL = {"KEYDIFF_ARCHIVE": "full", "KEYDIFF_SECOND_LOOK": "256"}


@pytest.fixture
def keydiff(small_path: Path, models_folder: Path, tmp_path: Path) -> Keydiff:
    """The command, with nothing kept yet."""
    return Keydiff(models_folder, small_path, tmp_path / "cache")


@pytest.mark.model
def test_what_the_parts_have_is_a_list_of_data_and_a_part_asked_once(
    keydiff: Keydiff, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a model that is too small to tell; so whatever it leans to is enough."""
    monkeypatch.setattr("keydiff_cli.snapshots.keeper.SMALLEST", 1)
    monkeypatch.setattr("keydiff_cli.reading.judging.Judge.PART", (-100.0, -100.0))
    document = tmp_path / "report.txt"
    document.write_bytes(SAMPLE.read_bytes()[6670:7800])
    words: tuple[object, ...] = ("ask", "--each", "--schema", json.dumps(SCHEMA))
    words += ("--model", SMALL, "--budget", 64, "--block", 32, document, "Which vessels are there?")
    first = keydiff(*words, "--json", **USUAL)
    report = json.loads(first.out)
    assert report["stop_reason"] == "eos"
    assert report["data"] == json.loads(report["answer"])
    assert len(report["data"]) > 1
    for item, sentence in zip(report["data"], report["sentences"], strict=True):
        assert json.loads(sentence["text"]) == item
        assert (type(item["vessel"]), type(item["large"])) == (str, bool)
        assert sentence["places"][0]["document"] == "report.txt"
    assert len({json.dumps(item) for item in report["data"]}) == len(report["data"])
    [kept] = keydiff.cache.glob("*.notes")
    said = kept.read_bytes()
    again = keydiff(*words, **USUAL)
    assert json.loads(again.out) == report["data"]
    assert kept.read_bytes() == said, "a part was asked again"
