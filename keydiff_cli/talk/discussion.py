"""A conversation about documents, which can be read anew, and others in their place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from keydiff_cli.errors import UsageError
from keydiff_cli.llama import hold_interrupt
from keydiff_cli.reading.reader import Reader
from keydiff_cli.report import Events, Turn
from keydiff_cli.settings.config import Settings
from keydiff_cli.talk.ahead import NotesAhead
from keydiff_cli.talk.conversation import Conversation
from keydiff_cli.text.sources import is_pipe


@dataclass(frozen=True)
class Subject:
    """What is talked about.

    Attributes
    ----------
    settings
        What was chosen to read by.
    files
        Absolute paths of the documents.
    """

    settings: Settings
    files: Sequence[str]


class Discussion:
    """Reads what is talked about, and lets what was said go through the model again.

    Parameters
    ----------
    subject
        What will be talked about; nothing is read of it yet.
    stepwise
        Leave reading to :meth:`step`.

    Attributes
    ----------
    subject : Subject
        What is talked about now.
    reader : Reader
        Holds what was read.
    """

    def __init__(self, subject: Subject, events: Events | None, *, stepwise: bool = False) -> None:
        self.subject = subject
        self.reader = Reader(subject.settings, events)
        self._stepwise = stepwise
        self._conversation: Conversation | None = None
        self._whole: Subject | None = None  # what was read to its end last
        self._ahead = NotesAhead(self.reader)
        self._tokens = 0  # of the conversation in the cache, before notes were begun

    def close(self) -> None:
        """Free the model."""
        self.reader.close()
        self._ahead.stop()

    @property
    def turns(self) -> list[Turn]:
        """What was said."""
        return [] if self._conversation is None else self._conversation.turns

    @property
    def tokens(self) -> int:
        """Tokens that the conversation has in the cache, or will have again after a note."""
        if self._conversation is None:
            return 0
        tokens = 0 if self._ahead.begun else self._conversation.tokens
        return self._tokens if self._ahead.begun else tokens  # it may have begun in between

    @property
    def unfinished(self) -> bool:
        """Whether there is more to read, or to note."""
        return self.reader.reading or self._ahead.left

    @property
    def read(self) -> bool:
        """Whether documents were read to their end at any time."""
        return self._whole is not None

    def ready(self) -> Conversation:
        """The conversation, when there is something to talk about; no more is noted meanwhile.

        After something went wrong the documents are read again for it. Ctrl-C comes between two
        blocks, after which reading can go on.

        Raises
        ------
        UsageError
            If nothing was read yet.
        """
        conversation = self._conversation
        if conversation is None:
            raise UsageError("nothing was read yet")
        self._ahead.stop()
        if not conversation.attached:
            conversation = self._read(self.subject, conversation.turns, at_once=True)
        while self.reader.reading and not self._askable:
            with hold_interrupt(stopping=False):  # in the middle of a block it would end reading
                self.step()
        return conversation

    @property
    def _askable(self) -> bool:
        """Whether questions can be answered before more is read."""
        reader = self.reader
        known = reader.corpus.ended or reader.settings.second_look == 0  # where passages are found
        return reader.pausable and known and reader.report.tokens.document > 0

    def change(self, subject: Subject, turns: Sequence[Turn]) -> None:
        """Talk about something else, after these turns; all is as before if that fails."""
        for file in subject.files:
            if is_pipe(file):
                raise UsageError(f"{file} can be read only once; save it to a file first")
        known = self._conversation
        try:
            self._read(subject, turns)
        except BaseException:
            if known is not None and not known.attached:
                self._read(self.subject, known.turns)
            raise

    def show_by(self, settings: Settings) -> None:
        """Answer by other settings, by which nothing is read otherwise."""
        self.subject = replace(self.subject, settings=settings)
        if self._whole is not None:
            self._whole = replace(self._whole, settings=settings)
        self.reader.answer_by(settings)

    def step(self) -> bool:
        """Read on by a block, or note by a token; False once there is nothing more to do.

        When all is read, what was said has gone through the model. If reading fails, it is about
        what was read to its end before, if there is anything.
        """
        if not self.reader.reading:
            self._tokens = self.tokens
            return self._ahead.step()
        try:
            if self.reader.step():
                return True
            if self._conversation is not None:
                self._conversation.catch_up()
        except BaseException:
            if self._whole is not None:
                self._read(self._whole, self.turns)
            raise
        self._end_of_reading()
        return self._ahead.left

    def _read(
        self, subject: Subject, turns: Sequence[Turn], *, at_once: bool = False
    ) -> Conversation:
        """Read, at once in any case or as it was chosen; then the turns go through the model."""
        self._ahead.stop()
        reader, known = self.reader, self._conversation
        stepwise = self._stepwise and not at_once
        try:
            reader.read(subject.files, settings=subject.settings, stepwise=stepwise)
            conversation = Conversation(reader, turns)
            conversation.catch_up()
        except BaseException:
            if known is None or not known.attached:
                reader.close()
            raise
        self.subject, self._conversation = subject, conversation
        self._ahead = NotesAhead(reader)
        if not reader.reading:
            self._end_of_reading()
        return conversation

    def _end_of_reading(self) -> None:
        self._whole = self.subject
        self.reader.recorder.measure_peak()
