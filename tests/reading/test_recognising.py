"""Reading scanned pages as the settings say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from keydiff_cli.documents.ocr.kept import SUFFIX, Found
from keydiff_cli.reading.recognising import ocr_of
from keydiff_cli.report import Events
from keydiff_cli.settings.config import Settings
from keydiff_cli.snapshots import open_store


@pytest.mark.parametrize("cache", [True, False])
def test_what_it_finds_is_kept_with_what_was_read(cache: bool, tmp_path: Path) -> None:
    settings = Settings(ocr="all", cache=cache, cache_dir=str(tmp_path), memory=10**9, threads=3)
    ocr = ocr_of(settings, Events())
    assert (ocr.mode, ocr.cap, ocr.threads) == ("all", 10**9, 3)
    assert ocr.folder == (tmp_path if cache else None)
    ocr.kept("ab" * 32).add(1, Found("Nine quays."))
    assert len(open_store(settings, print).paths(SUFFIX)) == cache


def test_it_needs_nothing_that_models_need() -> None:
    code = (
        "import sys, keydiff_cli.reading.recognising\n"
        "print([name for name in ('numpy', 'llama_cpp') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
