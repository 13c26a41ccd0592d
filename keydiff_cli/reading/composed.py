"""Answers that are put together from what parts of the documents say, checked against them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any

from keydiff_cli.engine.answer import StopReason
from keydiff_cli.report import CheckedFacts
from keydiff_cli.text.places import Place, PlacedSentence


class Composed(ABC):
    """An answer that is put together while it is iterated over; the cache is as before then.

    Parameters
    ----------
    prompt
        Tokens before the answer, those of the documents aside.

    Attributes
    ----------
    prompt : int
        As above.
    text : str
        The answer so far.
    sentences : list of PlacedSentence
        What it consists of so far.
    checked : CheckedFacts
        What of it was looked up in the documents so far.
    remarks : list of str
        What the user should know of it.
    uncovered : tuple of Place
        Parts of the documents that it says nothing of.
    generated : int
        Tokens that the model has generated for it.
    certainty : float
        As :attr:`keydiff_cli.report.Report.certainty`; 0 if it is not known.
    data : object
        The data that it is; None if it is a text.
    stop_reason : str
        Why it ended: ``eos``, or ``length`` where ``max_tokens`` has cut it short; ``interrupted``
        as long as it has not.
    max_tokens : int
        Where the model was to stop.
    """

    says_places = False  # whether its text has the places that its sentences come from

    def __init__(self, prompt: int) -> None:
        self.prompt = prompt
        self.text = ""
        self.sentences: list[PlacedSentence] = []
        self.checked = CheckedFacts()
        self.remarks: list[str] = []
        self.uncovered: tuple[Place, ...] = ()
        self.generated = 0
        self.certainty = 0.0
        self.max_tokens = 0
        self.data: Any = None
        self.stop_reason: StopReason = "interrupted"
        self._ending: StopReason = "eos"

    def __iter__(self) -> Iterator[str]:
        """Its text, piece by piece."""
        for text in self._pieces():
            self.text += text
            yield text
        self.stop_reason = self._ending

    @abstractmethod
    def _pieces(self) -> Iterator[str]:
        """The text, piece by piece."""
