"""Documents in, a map and a report out."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from archived_readings import settings_for, write

from keydiff_cli import mapping
from keydiff_cli.mapping import make_map


def test_documents_become_a_map(tiny_path: Path, tmp_path: Path) -> None:
    report, drawn = make_map(
        settings_for(tiny_path, tmp_path), [str(write(tmp_path))], None, io.BytesIO()
    )
    assert drawn is not None
    assert drawn.documents == report.coverage
    assert report.stop_reason == "read"
    assert report.timing_s.total > 0


def test_stopped_there_is_no_map(
    tiny_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(mapping, "map_of", stopped)
    report, drawn = make_map(
        settings_for(tiny_path, tmp_path), [str(write(tmp_path))], None, io.BytesIO()
    )
    assert (report.stop_reason, drawn) == ("interrupted", None)
