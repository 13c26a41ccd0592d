"""What a run tells while it goes on, and what it reports in the end."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from keydiff_cli.errors import as_setting, name_settings
from keydiff_cli.text.coverage import Coverage
from keydiff_cli.text.places import Citation, Look, Note, Place, PlacedSentence
from keydiff_cli.text.progress import DocumentProgress
from keydiff_cli.text.records import DocumentRecord


@dataclass(frozen=True)
class ModelIdentity:
    """Which model it is, and how much of it is on other devices.

    ``sha256`` is that of the file, None if nothing needed it; ``trained_context`` is in tokens.
    """

    name: str
    path: str
    sha256: str | None
    architecture: str
    trained_context: int
    gpu_layers: int


@dataclass(frozen=True)
class CacheSetup:
    """The KV cache: by which policy it is held to which budget, and its size.

    ``budget``, ``block`` and ``cells`` are in tokens.
    """

    policy: str
    budget: int
    block: int
    cells: int
    bytes: int
    kv_type: str
    access: str


@dataclass(frozen=True)
class TokenCounts:
    """Tokens of documents, those of a snapshot, of the prompt, kept, generated; compactions."""

    document: int = 0
    reused: int = 0
    prompt: int = 0
    kept: int = 0
    generated: int = 0
    compactions: int = 0


@dataclass(frozen=True)
class Timing:
    """How long the parts of a run have taken, in seconds."""

    load: float = 0.0
    ingest: float = 0.0
    score: float = 0.0
    evict: float = 0.0
    keep: float = 0.0
    first_token: float = 0.0
    answer: float = 0.0
    notes: float = 0.0
    total: float = 0.0


@dataclass(frozen=True)
class RecallCounts:
    """Tokens whose rows came back for the last question, and the seconds that this took."""

    tokens: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class CheckedFacts:
    """What became of the figures and dates that a model has put into an answer.

    Attributes
    ----------
    figures, found
        How many were looked up in the documents, and were there.
    left_out
        Sentences that are not in the answer, as the documents lack something of them.
    """

    figures: int = 0
    found: int = 0
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class MemoryUse:
    """Bytes of the process: the cap, what was planned and the peak so far; None if not known."""

    cap: int | None = None
    planned: int | None = None
    peak: int | None = None


@dataclass(frozen=True)
class Progress:
    """Reading so far: tokens of the documents, those read in this run, seconds, cells in use."""

    tokens: int
    fresh: int
    seconds: float
    place: DocumentProgress | None
    cells: int
    budget: int


@dataclass(frozen=True)
class Turn:
    """A question and what was answered; ``stop_reason`` and ``citations`` as in :class:`Report`.

    Turns are the same whatever was cited.
    """

    question: str
    answer: str
    stop_reason: str
    citations: tuple[Citation, ...] = field(default=(), compare=False)


class Events:
    """What a front end may want to show; does nothing by itself."""

    def write_setting(self, name: str, value: str | None) -> str:
        """How messages name a setting, with the value to give it if there is one."""
        return as_setting(name, value)

    def named(self, text: str) -> str:
        """A message with the settings that :func:`~keydiff_cli.errors.setting` marks written."""
        return name_settings(text, self.write_setting)

    def note(self, text: str) -> None:
        """Something the user should know, in one line."""

    def warning(self, text: str) -> None:
        """Something that may change the answer, in one line."""

    def fetching(self, done: int, total: int) -> None:
        """Bytes of the model fetched so far."""

    def recognising(self, name: str, done: int, total: int) -> None:
        """The next page of a document is read by OCR: so many of all were."""

    def started(self, model: ModelIdentity, cache: CacheSetup, memory: MemoryUse) -> None:
        """The cache is there, and reading begins."""

    def reading(self, progress: Progress) -> None:
        """A block was read."""

    def reading_over(self) -> None:
        """Reading has ended, or what else there was progress of."""

    def noting(self, done: int, total: int) -> None:
        """The next note is being made: so many of all are there."""

    def asking(self, done: int, total: int) -> None:
        """The next part is being asked: so many of all have been."""

    def text(self, text: str) -> None:
        """A piece of the answer."""

    def thought(self, text: str) -> None:
        """A piece of what the model thinks aloud before it answers."""

    def cited(self, citations: Sequence[Citation], *, several: bool) -> None:
        """The sentence that the answer so far ends with rests on these places, the best first.

        ``several`` documents were read, or one.
        """


@dataclass(frozen=True)
class Report:
    """Everything about one run; :meth:`as_json` is the documented schema.

    Attributes
    ----------
    thinking
        What the model thought aloud before it answered.
    stop_reason
        ``read`` when the documents were read, then ``eos`` or ``length``; ``interrupted`` if it
        came to neither.
    data
        The data that the answer is, where it was to have a shape; None until it is whole.
    certainty
        Geometric mean of the probabilities that the model gave the tokens of the answer, 0 to 1.
    second_look
        The passages that were read again before the question.
    quick
        Whether the documents were not read: the answer rests on these passages alone.
    notes
        The notes on the parts of the documents, if they were asked for.
    sentences
        The sentences of an answer that was put together from parts of the documents.
    checked
        What of such an answer was looked up in the documents.
    citations
        The places that the sentences of the answer rest on, if they were asked for.
    supported
        Whether the documents answer the question: ``yes``, ``weak`` or ``no``; None if that was
        not looked at.
    support
        How probable that is, 0 to 1; None likewise.
    uncovered
        Parts of the documents that such an answer says nothing of.
    coverage
        How much of each document the cache holds, by page and section.
    model, cache
        None as long as they are not known.
    """

    answer: str = ""
    data: Any = None
    thinking: str = ""
    stop_reason: str = "interrupted"
    certainty: float = 0.0
    model: ModelIdentity | None = None
    documents: tuple[DocumentRecord, ...] = ()
    cache: CacheSetup | None = None
    tokens: TokenCounts = field(default_factory=TokenCounts)
    timing_s: Timing = field(default_factory=Timing)
    recall: RecallCounts = field(default_factory=RecallCounts)
    second_look: tuple[Look, ...] = ()
    quick: bool = False
    notes: tuple[Note, ...] = ()
    sentences: tuple[PlacedSentence, ...] = ()
    checked: CheckedFacts = field(default_factory=CheckedFacts)
    citations: tuple[Citation, ...] = ()
    supported: str | None = None
    support: float | None = None
    uncovered: tuple[Place, ...] = ()
    coverage: tuple[Coverage, ...] = ()
    memory_bytes: MemoryUse = field(default_factory=MemoryUse)
    warnings: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The report as plain data: ``docs/json.md``."""
        data: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        data["certainty"] = round(self.certainty, 4)
        data["support"] = None if self.support is None else round(self.support, 4)
        data["model"] = data["model"] or {}
        data["cache"] = data["cache"] or {}
        data["timing_s"] = {name: round(value, 4) for name, value in vars(self.timing_s).items()}
        data["recall"]["seconds"] = round(self.recall.seconds, 4)
        return data
