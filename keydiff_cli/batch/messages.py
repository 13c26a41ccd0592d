"""What those who ask are given to do, and what they tell of it; all of it can be sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from keydiff_cli.settings.config import Settings
from keydiff_cli.shapes import Shape
from keydiff_cli.text.places import Citation


@dataclass(frozen=True)
class Orders:
    """What holds for all documents.

    Attributes
    ----------
    settings
        What each of those who ask goes by.
    shape
        What answers are to be; None for texts.
    verbose
        Whether the log of llama.cpp is shown.
    """

    settings: Settings
    shape: Shape | None = None
    verbose: bool = False


@dataclass(frozen=True)
class Job:
    """Questions about a document.

    Attributes
    ----------
    number
        Which of the documents it is.
    path
        Where it is.
    questions
        What is to be asked, each once.
    data
        Its bytes, where they are sent along; None to read the path.
    """

    number: int
    path: str
    questions: tuple[str, ...]
    data: bytes | None = None


@dataclass(frozen=True)
class Outcome:
    """What has come of a question about a document.

    Attributes
    ----------
    number, question
        Which pair it is.
    error
        Why there is no answer, with its settings marked; None if there is one.
    answer, data, stop_reason, supported, support, citations
        As of :class:`keydiff_cli.report.Report`.
    tokens
        Of the document; 0 if it was not read.
    reading_seconds, seconds
        That reading the document, once for all questions, and this answer took.
    """

    number: int
    question: str
    error: str | None = None
    answer: str = ""
    data: Any = None
    stop_reason: str | None = None
    supported: str | None = None
    support: float | None = None
    citations: tuple[Citation, ...] = ()
    tokens: int = 0
    reading_seconds: float = 0.0
    seconds: float = 0.0


@dataclass(frozen=True)
class Far:
    """How far a document is read: a share of it, 0 to 1."""

    number: int
    share: float


@dataclass(frozen=True)
class Told:
    """Something for the user: a method of :class:`~keydiff_cli.report.Events`, and its values.

    ``number`` is the document that it is about. Settings in texts are marked.
    """

    number: int
    method: str
    values: tuple[Any, ...]


@dataclass(frozen=True)
class Over:
    """All questions about a document were asked."""

    number: int


@dataclass(frozen=True)
class Stop:
    """The model cannot be used, so nothing else can be asked: why, with its settings marked."""

    error: str


Message = Outcome | Far | Told | Over | Stop
