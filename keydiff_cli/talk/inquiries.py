"""Questions that come with all that they depend on, answered by one reader."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace

from keydiff_cli.llama import hold_interrupt, return_memory
from keydiff_cli.reading.reader import Reader
from keydiff_cli.report import Events, Report, Turn
from keydiff_cli.settings.config import Settings
from keydiff_cli.shapes import Shape
from keydiff_cli.system.files import identity_of
from keydiff_cli.talk.conversation import Conversation

# How questions are answered, by which nothing is read otherwise.
ANSWERED_BY = (
    *("max_tokens", "temperature", "seed"),
    *("cite", "absent", "notes", "each", "length", "format"),
)


@dataclass(frozen=True)
class Inquiry:
    """A question with all that it depends on.

    Attributes
    ----------
    question
        What is asked.
    files
        Paths of the documents that it is about, if any.
    turns
        What was said before.
    settings
        How documents are read and the question is answered.
    shape
        What the answer is to be; None for a text.
    """

    question: str
    files: Sequence[str]
    turns: Sequence[Turn]
    settings: Settings
    shape: Shape | None = None


@dataclass(frozen=True)
class Spent:
    """Tokens that an answer took.

    Attributes
    ----------
    prompt
        Of the documents, of what was said before, and of the question.
    known
        Those of the documents that were read before.
    read
        Those that were read for it.
    generated
        Of the answer.
    """

    prompt: int = 0
    known: int = 0
    read: int = 0
    generated: int = 0


@dataclass(frozen=True)
class _Subject:
    """What is held: files as they are now, and the settings that they are read by."""

    files: Sequence[object]
    settings: Settings


class InquiryDesk:
    """Answers one inquiry after another.

    What was read and said stays in the cache, so that an inquiry about the same documents is
    answered at once, and one that goes on with what was said goes on in the cache. Other documents
    take the place of those that are held; they are taken up from their snapshot if they were read
    before. What is stopped while it is read is gone on with.

    Parameters
    ----------
    settings
        What documents are read by; inquiries differ in ``system`` and in how they are answered.
    """

    def __init__(self, settings: Settings, events: Events | None = None) -> None:
        self._settings = settings
        self._reader = Reader(settings, events)
        self._subject: _Subject | None = None
        self._conversation: Conversation | None = None
        self._warnings: Sequence[str] = ()  # of the documents that are held
        self._talked = self._known = 0  # tokens
        self._seconds = 0.0

    def close(self) -> None:
        """Free the model; what was read is kept."""
        self._reader.close()

    @property
    def report(self) -> Report:
        """What was read and answered last, with all warnings that concern it."""
        report = self._reader.report
        warnings = tuple(dict.fromkeys((*self._warnings, *report.warnings)))
        timing = replace(report.timing_s, total=self._seconds)
        return replace(report, warnings=warnings, timing_s=timing)

    @property
    def spent(self) -> Spent:
        """What the last answer took."""
        tokens = self._reader.report.tokens
        return Spent(
            tokens.document + self._talked + tokens.prompt,
            self._known,
            tokens.document - self._known,
            tokens.generated,
        )

    def open(self) -> None:
        """Load the model, with no documents.

        Raises
        ------
        KeydiffError
            Whatever stands in the way.
        """
        self._hold(Inquiry("", (), (), self._settings))

    def answer(self, inquiry: Inquiry) -> Generator[str, None, None]:
        """Read what is to be read, and answer, piece by piece.

        Raises
        ------
        AnswerError
            If the answer is not of its shape.
        KeydiffError
            Whatever stands in the way. The next inquiry can be answered all the same.
        """
        began = time.perf_counter()
        try:
            self._hold(inquiry)
            reader = self._reader
            reader.answer_by(inquiry.settings)
            reader.recorder.forget_warnings()
            conversation = self._after(inquiry.turns)
            self._talked = conversation.tokens
            yield from conversation.say(inquiry.question, shape=inquiry.shape)
        finally:
            self._reader.recorder.measure_peak()
            return_memory()  # or a process that goes on for days would keep what was freed
            self._seconds = time.perf_counter() - began

    def _hold(self, inquiry: Inquiry) -> None:
        """Read the documents of an inquiry, unless they are held already."""
        usual = {name: getattr(self._settings, name) for name in ANSWERED_BY}
        settings = replace(inquiry.settings, **usual)
        subject = _Subject(list(map(identity_of, inquiry.files)), settings)
        reader = self._reader
        self._known = reader.report.tokens.document
        if subject != self._subject or reader.cache is None:
            reader.read(inquiry.files, settings=settings, stepwise=True)
            return_memory()
            self._subject, self._conversation = subject, None
            self._known = reader.report.tokens.reused
        read = reader.reading or self._conversation is None
        while reader.reading:
            with hold_interrupt(stopping=False):  # in the middle of a block it would end reading
                reader.step()
        if read:
            reader.recorder.measure_peak()
            self._warnings = reader.report.warnings

    def _after(self, turns: Sequence[Turn]) -> Conversation:
        """The conversation when these turns, and no others, have been said."""
        conversation = self._conversation
        if conversation is None or not conversation.attached:
            conversation = self._conversation = Conversation(self._reader)
        said = [(turn.question, turn.answer) for turn in conversation.turns]
        common = 0
        while common < min(len(said), len(turns)):
            if said[common] != (turns[common].question, turns[common].answer):
                break
            common += 1
        conversation.back_to(common)
        conversation.replay(turns[common:])
        return conversation
