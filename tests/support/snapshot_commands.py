"""What tests of documents that are read once share: the command with a folder of snapshots."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli_helpers import Result, run
from report_helpers import parse


@dataclass(frozen=True)
class Keydiff:
    """The command, which keeps what it reads in a folder, without archives.

    Attributes
    ----------
    models
        The folder of the models.
    model
        The model that is used unless a command names another one.
    cache
        The folder of the snapshots.
    """

    models: Path
    model: Path
    cache: Path

    @property
    def variables(self) -> dict[str, str]:
        return {
            "KEYDIFF_MODEL": str(self.model),
            "KEYDIFF_CACHE": "1",
            "KEYDIFF_CACHE_DIR": str(self.cache),
            "KEYDIFF_ARCHIVE": "off",
            "KEYDIFF_SECOND_LOOK": "0",
        }

    def __call__(self, *words: object, **more: Any) -> Result:
        return run(*words, models=self.models, **(self.variables | more))

    def report(self, *words: object, **more: Any) -> dict[str, Any]:
        """The checked report of a question that was answered."""
        return dict(parse(self("ask", "--json", *words, **more)))

    def snapshots(self) -> list[Path]:
        """All that is in the folder but locks, which has to be snapshots."""
        left = [path for path in self.cache.iterdir() if path.suffix != ".lock"]
        assert all(path.suffix == ".snapshot" for path in left), left
        return left
