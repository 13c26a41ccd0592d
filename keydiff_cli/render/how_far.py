"""How far reading is, in words."""

from __future__ import annotations

from dataclasses import dataclass

from keydiff_cli.render.stats import format_rate
from keydiff_cli.report import Progress
from keydiff_cli.system.sizes import format_size
from keydiff_cli.text.progress import DocumentProgress


@dataclass(frozen=True)
class HowFar:
    """How far reading is: a text that is made when it is drawn, which is not after every block."""

    progress: Progress
    place: DocumentProgress

    @property
    def parts(self) -> list[str]:
        """How far it is, how fast and into how many cells."""
        progress, place = self.progress, self.place
        if place.unit == "bytes":
            read = format_size(place.done)
            read += f" of {format_size(place.total)}" if place.total else ""
        else:
            number, total = int(place.done) + 1, place.total
            read = f"{place.unit.removesuffix('s')} {min(number, total or number)}"
            read += f" of {total}" if total else ""
        return [
            read,
            f"{progress.tokens} tokens",
            f"{format_rate(progress.fresh, progress.seconds, 0)}/s",
            f"cache {progress.cells}/{progress.budget}",
        ]

    def __str__(self) -> str:
        return ", ".join(self.parts)
