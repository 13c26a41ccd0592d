"""The package as a library: its example runs, and its names cost nothing unused."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from pdf_files import pdf
from text_helpers import SAMPLE

import keydiff_cli

PAGE = SAMPLE.parent / "library.md"


def python(code: str, cwd: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(SAMPLE.parents[1])},
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


@pytest.mark.model
def test_the_example_runs(small_path: Path, models_folder: Path, tmp_path: Path) -> None:
    (code,) = re.findall(r"```python\n(.+?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    document = tmp_path / "docs" / "sample" / "harbour-report.pdf"
    document.parent.mkdir(parents=True)
    text = (SAMPLE / "harbour-report.txt").read_text(encoding="utf-8")
    pages = [text[start : start + 250] for start in (0, 10_000, 20_000)]
    document.write_bytes(pdf(pages))  # more tokens than are kept
    code = code.replace("max_tokens=32", "max_tokens=6, second_look=192")
    folders = f"models_dir={str(models_folder)!r}, cache_dir={str(tmp_path / 'cache')!r}"
    printed = python(code.replace("budget=512", f"budget=128, {folders}"), tmp_path)
    assert "128 tokens kept" in printed
    assert len([line for line in printed.splitlines() if line.strip()]) >= 4
    assert (tmp_path / "report.keydiff").stat().st_size > 128 * 1000


def test_names_are_there_and_cost_nothing_before_they_are_used(tmp_path: Path) -> None:
    for name in keydiff_cli.__all__:
        assert getattr(keydiff_cli, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'Writer'"):
        keydiff_cli.Writer  # noqa: B018
    loaded = python("import sys, keydiff_cli; print('numpy' in sys.modules)", tmp_path)
    assert loaded == "False\n"
