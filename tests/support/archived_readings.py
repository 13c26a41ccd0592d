"""What the tests of archives share: a story, settings to read it by, and what was kept of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from cli_helpers import story

from keydiff_cli.reading.reader import Reader
from keydiff_cli.report import Events
from keydiff_cli.settings.config import Settings

QUESTION = "What is the secret password?"


class Heard(Events):
    """What a front end was told."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.warnings: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)

    def warning(self, text: str) -> None:
        self.warnings.append(text)


def write(folder: Path) -> Path:
    path = folder / "story.txt"
    path.write_text(story(lines=20))
    return path


def settings_for(model: Path, folder: Path) -> Settings:
    return Settings(
        second_look=0,
        model=str(model),
        budget=128,
        block=64,
        max_tokens=8,
        conversation=256,
        threads=1,
        archive="full",
        recall=64,
        cache_dir=str(folder / "cache"),
    )


def state(reader: Reader) -> list[np.ndarray]:
    """Tokens, positions and rows of the cells in use."""
    assert reader.cache is not None
    image = reader.cache.image(copy=True)
    used = image.positions >= 0
    return [
        image.positions[used],
        image.origin[:, used],
        image.rotary[:, used],
        *(rows[used] for rows in image.rows),
    ]


def same(before: list[np.ndarray], after: list[np.ndarray]) -> None:
    for then, now in zip(before, after, strict=True):
        np.testing.assert_array_equal(then, now)


def archives(settings: Settings) -> list[Path]:
    return sorted(Path(settings.cache_dir or "").glob("*.archive"))


class Stop(Events):
    """Ctrl-C after so many blocks."""

    def __init__(self, blocks: int) -> None:
        self._left = blocks

    def reading(self, progress: object) -> None:
        self._left -= 1
        if self._left == 0:
            raise KeyboardInterrupt
