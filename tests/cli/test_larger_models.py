"""That there is memory for larger models is said once on a machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from keydiff_cli.cli.larger_models import hint_at_larger
from keydiff_cli.settings.resolving import Resolved, resolve
from keydiff_cli.system import folders


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(folders, "user_data_folder", lambda: tmp_path / "data")
    return tmp_path / "data"


def settings(memory: str, **more: str) -> Resolved:
    return resolve({"memory": memory, "models_dir": "none", **more}, {"KEYDIFF_CONFIG": ""})


def test_said_once(data: Path) -> None:
    line = hint_at_larger(settings("8GB"))
    assert line.startswith("there is memory for larger models here, such as qwen3-4b")
    assert hint_at_larger(settings("8GB")) == ""


def test_not_said_where_nothing_larger_fits(data: Path) -> None:
    assert hint_at_larger(settings("1800MB")) == ""


def test_not_said_of_another_model(data: Path) -> None:
    assert hint_at_larger(settings("8GB", model="smollm2-135m")) == ""
    assert not data.exists()
