"""A question on its way, and what is told of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

from keydiff_cli.report import Report
from keydiff_cli.serve.refusals import Refusal
from keydiff_cli.talk.inquiries import Inquiry, Spent


@dataclass(frozen=True)
class Waiting:
    """A question is not answered yet: so many come before it."""

    place: int


@dataclass(frozen=True)
class Working:
    """What is done for a question before its answer, in a few words."""

    what: str


@dataclass(frozen=True)
class Piece:
    """A piece of the answer."""

    text: str


@dataclass(frozen=True)
class Answered:
    """The answer has come to its end; ``stopped`` if by a text of ``stop``."""

    report: Report
    spent: Spent
    stopped: bool


@dataclass(frozen=True)
class Failed:
    """There is no answer, or no more of it."""

    refusal: Refusal


News = Waiting | Working | Piece | Answered | Failed


@dataclass(eq=False)
class Job:
    """A question on its way.

    Attributes
    ----------
    client
        Whose it is: clients take turns.
    inquiry
        What is asked.
    stops
        Texts that the answer ends before.
    tell
        Called with what happens, in any thread.
    stop
        Set when it is to be answered no more.
    why
        What it is refused with then.
    """

    client: Hashable
    inquiry: Inquiry
    stops: tuple[str, ...]
    tell: Callable[[News], None]
    stop: threading.Event = field(default_factory=threading.Event)
    why: Refusal | None = None
    place: int | None = None  # what was told last
