"""Fixtures of tests that read on a fake llama.cpp: it, a document, and settings to read it by."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_helpers import story
from fake_model import FakeLlama, install

from keydiff_cli.settings.config import Settings

SHARE = 512


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeLlama:
    """What takes the place of llama.cpp."""
    return install(monkeypatch, tmp_path)


@pytest.fixture
def document(tmp_path: Path) -> Path:
    """A text that is longer than the budget."""
    path = tmp_path / "story.txt"
    path.write_text(story(lines=20))
    return path


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with a small budget, without snapshots, with a folder for chats."""
    return Settings(
        model="fake",
        budget=256,
        block=64,
        max_tokens=600,
        conversation=SHARE,
        archive="off",
        second_look=0,
        cache=False,
        cache_dir=str(tmp_path / "cache"),
        sessions_dir=str(tmp_path / "chats"),
    )
