"""The memory promise, measured on the command itself: peaks under caps, and flat over length."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from engine_helpers import SAMPLE

pytestmark = pytest.mark.model

SHORT = 6_000  # characters, about 1,500 tokens


def ask(model: Path, document: Path, *options: str) -> dict[str, Any]:
    """Ask in a process of its own and return the JSON report."""
    command = [sys.executable, "-m", "keydiff_cli", "ask", "--json", "--quiet", "-m", str(model)]
    done = subprocess.run(
        [*command, "--max-tokens", "4", "--block", "128", *options, str(document), "Who?"],
        capture_output=True,
        check=True,
        env=os.environ.copy(),
    )
    report: dict[str, Any] = json.loads(done.stdout)
    return report


@pytest.fixture
def short(tmp_path: Path) -> Path:
    path = tmp_path / "short.txt"
    path.write_text(SAMPLE.read_text()[:SHORT])
    return path


@pytest.mark.parametrize("cap", ["300MB", "320MiB", "600MB"])
def test_the_peak_stays_under_the_cap(small_path: Path, short: Path, cap: str) -> None:
    report = ask(small_path, short, "--memory", cap)
    memory = report["memory_bytes"]
    assert 0 < memory["peak"] <= memory["planned"] <= memory["cap"]
    assert not [warning for warning in report["warnings"] if "cap" in warning]
    if cap == "300MB":
        assert report["tokens"]["kept"] == report["cache"]["budget"] < report["tokens"]["document"]


def test_the_peak_does_not_grow_with_the_document(
    small_path: Path, short: Path, tmp_path: Path
) -> None:
    long = tmp_path / "long.txt"
    long.write_text(SAMPLE.read_text()[: 4 * SHORT])
    reports = [ask(small_path, path, "--budget", "512") for path in (short, long)]
    tokens = [report["tokens"]["document"] for report in reports]
    assert tokens[1] > 3.5 * tokens[0]
    peaks = [report["memory_bytes"]["peak"] for report in reports]
    assert abs(peaks[1] - peaks[0]) <= 16e6
