"""The memory promise, measured on processes: peaks under caps, and flat over length."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from cli_helpers import SMALL, story
from process_helpers import run_process, start
from report_helpers import parse, smallest_cap
from text_helpers import SAMPLE

pytestmark = pytest.mark.model

WORDS = ("ask", "--model", SMALL, "--json", "--max-tokens", 4)
REPORT = (SAMPLE / "harbour-report.txt").read_text(encoding="utf-8")
SHORT = 1_200  # characters, about 300 tokens


def ask(models: Path, *options: object) -> dict[str, Any]:
    """The report of a process, whose peak is no more than was planned."""
    return parse(run_process(*WORDS, *options, "Who?", models=models))


def test_the_peak_does_not_grow_with_the_document(
    small_path: Path, models_folder: Path, tmp_path: Path
) -> None:
    """Nor beyond the cap, here one in binary units."""
    short, long = tmp_path / "short.txt", tmp_path / "long.txt"
    short.write_text(REPORT[:SHORT], encoding="utf-8")
    long.write_text(REPORT[: 4 * SHORT], encoding="utf-8")
    options = ("--budget", 256, "--policy", "keydiff", "--memory", "360MiB")
    reports = [ask(models_folder, *options, path) for path in (short, long)]
    tokens = [report["tokens"]["document"] for report in reports]
    assert tokens[1] > 3.5 * tokens[0] > 3.5 * 256
    for report in reports:
        memory = report["memory_bytes"]
        assert 0 < memory["peak"] <= memory["planned"] <= memory["cap"] == 360 * 2**20
        assert not [warning for warning in report["warnings"] if "cap" in warning]
    peaks = [report["memory_bytes"]["peak"] for report in reports]
    assert abs(peaks[1] - peaks[0]) <= 16e6  # less than half of what the other rows would take


LONG = 30_000  # tokens


@pytest.mark.large
@pytest.mark.skipif(os.environ.get("KEYDIFF_TEST_LARGE") != "1", reason="set KEYDIFF_TEST_LARGE=1")
@pytest.mark.parametrize("budget", [256, 512, 1024, 2048, 4096])
def test_a_long_archive_is_not_held_in_memory(
    budget: int, small_path: Path, models_folder: Path, tmp_path: Path
) -> None:
    """Minutes, 700 MB on the disk; what a process had at the most is what the system says."""
    path = tmp_path / "long.txt"
    path.write_text(REPORT * 5, encoding="utf-8")
    variables = {
        "KEYDIFF_CACHE": "1", "KEYDIFF_CACHE_DIR": str(tmp_path / "cache"),
        "KEYDIFF_ARCHIVE": "full",
    }  # fmt: skip
    words = (*WORDS, "--quiet", "--memory", "800MB", "--budget", budget, path, "Who?")
    with (tmp_path / "out").open("wb") as out, (tmp_path / "err").open("wb") as err:
        process = start(*words, models=models_folder, variables=variables, stdout=out, stderr=err)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, (tmp_path / "err").read_text()
    report = json.loads((tmp_path / "out").read_bytes())
    assert report["tokens"]["document"] > LONG
    assert report["tokens"]["kept"] == report["cache"]["budget"] == budget  # five plans
    assert report["recall"]["tokens"] > 0
    (archive,) = (tmp_path / "cache").glob("*.archive")
    assert archive.stat().st_size > 23_040 * LONG
    peak = used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    assert peak <= report["memory_bytes"]["planned"] <= 800 * 10**6
    assert not [warning for warning in report["warnings"] if "cap" in warning]


@pytest.mark.parametrize(("policy", "lines"), [("focus", 56), ("full", 13)])
def test_the_cap_that_the_message_names_works(
    policy: str, lines: int, small_path: Path, models_folder: Path, tmp_path: Path
) -> None:
    path = tmp_path / "story.txt"
    path.write_text(story(lines=lines))
    words = (*WORDS, "--policy", policy, path, "What was painted?")
    named = smallest_cap(run_process(*words, "--memory", "150MB", models=models_folder))
    report = parse(run_process(*words, "--memory", named, models=models_folder))
    memory, tokens = report["memory_bytes"], report["tokens"]
    assert memory["cap"] == int(named.removesuffix("MB")) * 10**6
    assert 0 < memory["peak"] <= memory["planned"] <= memory["cap"]
    assert not [warning for warning in report["warnings"] if "cap" in warning]
    if policy == "focus":  # the cap decides how many rows are kept
        assert tokens["kept"] == report["cache"]["budget"] < tokens["document"]
    else:
        assert tokens["kept"] == tokens["document"]
