"""What a run tells while it goes on, and what it reports in the end."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from keydiff_cli.text.stream import Place


@dataclass(frozen=True)
class Progress:
    """Reading so far: tokens of the documents, those read in this run, seconds, cells in use."""

    tokens: int
    fresh: int
    seconds: float
    place: Place | None
    cells: int
    budget: int


@dataclass(frozen=True)
class Turn:
    """A question and what was answered; ``stop_reason`` as in :class:`Report`."""

    question: str
    answer: str
    stop_reason: str


class Events:
    """What a front end may want to show; does nothing by itself."""

    def note(self, text: str) -> None:
        """Something the user should know, in one line."""

    def warning(self, text: str) -> None:
        """Something that may change the answer, in one line."""

    def fetching(self, done: int, total: int) -> None:
        """Bytes of the model fetched so far."""

    def started(self, report: Report) -> None:
        """The plan is made; model and cache sizes are in the report."""

    def reading(self, progress: Progress) -> None:
        """A block was read."""

    def read(self) -> None:
        """Reading is over."""

    def text(self, text: str) -> None:
        """A piece of the answer."""


@dataclass
class Report:
    """Everything about one run; :meth:`as_json` is the documented schema."""

    answer: str = ""
    stop_reason: str = "interrupted"
    certainty: float = 0.0
    model: dict[str, Any] = field(default_factory=dict)
    documents: list[dict[str, Any]] = field(default_factory=list)
    cache: dict[str, Any] = field(default_factory=dict)
    tokens: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(
            ("document", "reused", "prompt", "kept", "generated"), 0
        )
    )
    timing_s: dict[str, float] = field(
        default_factory=lambda: dict.fromkeys(
            ("load", "ingest", "score", "evict", "keep", "first_token", "answer", "total"), 0.0
        )
    )
    memory_bytes: dict[str, int | None] = field(
        default_factory=lambda: dict.fromkeys(("cap", "planned", "peak"))
    )
    warnings: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """The report as plain data: ``docs/json.md``."""
        data = asdict(self)
        data["certainty"] = round(self.certainty, 4)
        data["timing_s"] = {name: round(value, 4) for name, value in self.timing_s.items()}
        return data
