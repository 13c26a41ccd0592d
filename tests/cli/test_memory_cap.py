"""The memory promise, measured on processes: peaks under caps, and flat over length."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cli_helpers import SMALL, story
from process_helpers import run_process
from report_helpers import parse, smallest_cap
from text_helpers import SAMPLE

pytestmark = pytest.mark.model

WORDS = ("ask", "--model", SMALL, "--json", "--max-tokens", 4)
REPORT = (SAMPLE / "harbour-report.txt").read_text(encoding="utf-8")
SHORT = 1_200  # characters, about 300 tokens


def ask(models: Path, *options: object) -> dict[str, Any]:
    """The report of a process, whose peak is no more than was planned."""
    return parse(run_process(*WORDS, *options, "Who?", models=models))


@pytest.fixture
def short(tmp_path: Path) -> Path:
    path = tmp_path / "short.txt"
    path.write_text(REPORT[:SHORT], encoding="utf-8")
    return path


@pytest.mark.parametrize("cap", ["300MB", "600MB"])
def test_the_peak_stays_under_the_cap(
    small_path: Path, models_folder: Path, short: Path, cap: str
) -> None:
    if cap == "300MB":
        short.write_text(REPORT[: 4 * SHORT], encoding="utf-8")
    report = ask(models_folder, "--memory", cap, short)
    memory = report["memory_bytes"]
    assert 0 < memory["peak"] <= memory["planned"] <= memory["cap"]
    assert not [warning for warning in report["warnings"] if "cap" in warning]
    if cap == "300MB":
        assert report["tokens"]["kept"] == report["cache"]["budget"] < report["tokens"]["document"]


def test_the_peak_does_not_grow_with_the_document(
    small_path: Path, models_folder: Path, short: Path, tmp_path: Path
) -> None:
    long = tmp_path / "long.txt"
    long.write_text(REPORT[: 4 * SHORT], encoding="utf-8")
    options = ("--budget", 256, "--policy", "keydiff")
    reports = [ask(models_folder, *options, path) for path in (short, long)]
    tokens = [report["tokens"]["document"] for report in reports]
    assert tokens[1] > 3.5 * tokens[0] > 3.5 * 256
    peaks = [report["memory_bytes"]["peak"] for report in reports]
    assert abs(peaks[1] - peaks[0]) <= 16e6  # less than half of what the other rows would take


@pytest.mark.parametrize("policy", ["focus", "full"])
def test_the_cap_that_the_message_names_works(
    policy: str, small_path: Path, models_folder: Path, tmp_path: Path
) -> None:
    path = tmp_path / "story.txt"
    path.write_text(story())
    words = (*WORDS, "--policy", policy, path, "What was painted?")
    named = smallest_cap(run_process(*words, "--memory", "150MB", models=models_folder))
    memory = parse(run_process(*words, "--memory", named, models=models_folder))["memory_bytes"]
    assert memory["cap"] == int(named.removesuffix("MB")) * 10**6
    assert memory["peak"] <= memory["planned"] <= memory["cap"]
