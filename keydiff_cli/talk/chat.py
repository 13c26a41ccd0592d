"""A chat: documents, settings and a conversation, all of which can change while it goes on."""

from __future__ import annotations

import os
import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from filelock import FileLock

from keydiff_cli.engine.sampling import Sampler
from keydiff_cli.errors import UsageError
from keydiff_cli.reading.mapping import Map, map_of
from keydiff_cli.report import Events, Report, Turn
from keydiff_cli.settings.config import Settings
from keydiff_cli.system.files import told_by
from keydiff_cli.talk.conversation import Conversation
from keydiff_cli.talk.discussion import Discussion, Subject
from keydiff_cli.talk.markdown import write_markdown
from keydiff_cli.talk.saver import Saver
from keydiff_cli.talk.sessions import Session, Sessions, in_place, open_sessions, require_files

CALLED = {"system": "system prompt"}  # what settings are called, if not by their names
_WARMTH = 0.7  # the temperature of a second answer, where answers are greedy

AnswerPieces = Generator[str, None, None]  # of text, one after another


class Chat:
    """What ``keydiff chat`` is about, without a terminal.

    Whatever changes documents or settings reads again, most likely from a snapshot, and lets the
    conversation go through the model once more. If that fails, all is as before.

    Parameters
    ----------
    files
        Paths of the documents.
    stepwise
        Leave reading to :meth:`step`; questions may be asked between the steps.
    """

    def __init__(
        self,
        settings: Settings,
        files: Sequence[str] = (),
        events: Events | None = None,
        *,
        stepwise: bool = False,
    ) -> None:
        self._saver = Saver(open_sessions(settings))
        subject = Subject(settings, [os.path.abspath(file) for file in files])
        self._discussion = Discussion(subject, events, stepwise=stepwise)
        self._reader = self._discussion.reader
        self._since = time.perf_counter()
        self._tries = 0

    def close(self) -> None:
        """Free the model, and the name of the chat for others."""
        self._discussion.close()
        self._saver.close()

    @property
    def settings(self) -> Settings:
        """What was chosen; :meth:`change` changes them."""
        return self._discussion.subject.settings

    @property
    def files(self) -> list[str]:
        """Absolute paths of the documents."""
        return list(self._discussion.subject.files)

    @property
    def sessions(self) -> Sessions:
        """All saved chats."""
        return self._saver.sessions

    @property
    def name(self) -> str | None:
        """The name that the chat is saved under after every answer."""
        return self._saver.name

    @property
    def report(self) -> Report:
        """What was read and answered last, with sizes and timings."""
        return self._reader.report

    def forget_warnings(self) -> None:
        """Leave the warnings so far out of later reports."""
        self._reader.recorder.forget_warnings()

    @property
    def turns(self) -> list[Turn]:
        """What was said."""
        return self._discussion.turns

    @property
    def talked(self) -> int:
        """Tokens that the conversation has in the cache."""
        return self._discussion.tokens

    @property
    def reading(self) -> bool:
        """Whether there is more to read."""
        return self._reader.reading

    @property
    def unfinished(self) -> bool:
        """Whether there is more to read, or to note, for :meth:`step`."""
        return self._discussion.unfinished

    @property
    def read(self) -> bool:
        """Whether documents were read to their end at any time."""
        return self._discussion.read

    # Talking ----------------------------------------------------------------------------------

    def start(
        self,
        name: str | None = None,
        session: Session | None = None,
        claim: FileLock | None = None,
    ) -> None:
        """Read the documents, and those of a saved chat, which goes on."""
        self._saver.take(None, claim)
        files, turns = self.files, self.turns
        if session is not None:
            before, turns = in_place(session.files, files), session.turns
            require_files(name, before)
            files = [*before, *(file for file in files if file not in before)]
        self._discussion.change(Subject(self.settings, files), turns)
        self._saver.take(name, claim)
        if session is not None:
            self._tell_moved(session.files, before)

    def say(self, question: str) -> AnswerPieces:
        """Answer a question, piece by piece."""
        conversation = self._discussion.ready()
        self._tell_how_far()
        return self._answer(conversation, conversation.say(question))

    def retry(self) -> AnswerPieces:
        """Answer the last question once more, sampled anew."""
        settings, conversation = self.settings, self._discussion.ready()
        self._tell_how_far()
        seed = settings.seed + self._tries + 1
        answer = conversation.say_again(Sampler(settings.temperature or _WARMTH, seed))
        self._tries += 1
        return self._answer(conversation, answer)

    def go_on(self) -> AnswerPieces:
        """Go on with the last answer, which stopped before its end: the pieces that are new."""
        settings, conversation = self.settings, self._discussion.ready()
        self._tell_how_far()
        answered = len(conversation.turns[-1].answer) if conversation.turns else 0
        sampler = Sampler(settings.temperature, settings.seed + answered)  # not the first choices
        return self._answer(conversation, conversation.go_on(sampler))

    def _answer(self, conversation: Conversation, answer: Iterator[str]) -> AnswerPieces:
        """An answer on its way; what was said is saved, if the chat is."""
        before = conversation.turns
        try:
            yield from answer
        finally:
            now = time.perf_counter()
            self._reader.recorder.run_ended(now - self._since)
            self._since = now
            self._reader.recorder.measure_peak()
            if conversation.turns != before:
                self._autosave()

    def undo(self) -> Turn:
        """Forget the last question and its answer."""
        turn = self._discussion.ready().undo()
        self._autosave()
        return turn

    def clear(self) -> None:
        """Forget the whole conversation; a saved chat stays as it is, and this one has no name."""
        self._discussion.ready().clear()
        self._saver.take(None, None)

    def map(self) -> Map:
        """A map of what the cache holds of the documents, and for the last question, if any.

        Raises
        ------
        UsageError
            If there is no document, or more to read.
        """
        self._discussion.ready()
        if not self.files:
            raise UsageError("there is no document to map; /add one")
        if self.reading:
            raise UsageError("there is more to read: a map can be drawn when all is")
        return map_of(self._reader, self.turns[-1].question if self.turns else None)

    # Reading on -------------------------------------------------------------------------------

    def step(self) -> bool:
        """Read on by a block, or note by a token; False once there is nothing more to do.

        Notes are made where a question about the whole is answered from them without a second
        reading (``settings.notes``). Whatever else is done stops them, and loses no whole note. If
        reading fails, the chat is about what was read to its end before, if there is anything.
        """
        return self._discussion.step()

    def _tell_how_far(self) -> None:
        """Say how much was read, if there is more."""
        if not self.reading:
            return
        tokens = self.report.tokens.document
        place = self._reader.corpus.place(tokens - 1)
        where = f"line {place.line}"
        if place.page is not None:
            where = f"{place.page_kind} {place.page}"
        self._reader.recorder.note(
            f"read so far: {tokens} tokens, to {where} of {place.document}; more is being read"
        )

    # Changing ---------------------------------------------------------------------------------

    def add(self, file: str) -> None:
        """Read one more document."""
        path = os.path.abspath(file)
        if path in self.files:
            raise UsageError(f"{path} is among the documents already")
        self._discussion.change(Subject(self.settings, [*self.files, path]), self.turns)
        self._autosave()

    def change(self, settings: Settings) -> None:
        """Read by other settings; what changed is said."""
        before = vars(self.settings)
        self._discussion.change(Subject(settings, self.files), self.turns)
        self._autosave()
        for name, value in vars(settings).items():
            if value != before[name]:
                self._reader.recorder.note(f"{CALLED.get(name, name)} changed", once=True)

    def show_by(self, settings: Settings) -> None:
        """Answer by other settings, by which nothing is read otherwise."""
        self._discussion.show_by(settings)
        self._autosave()

    # Keeping ----------------------------------------------------------------------------------

    def save(self, name: str) -> None:
        """Save the chat under a name, and from now on after every answer.

        Raises
        ------
        UsageError
            If another chat has the name.
        """
        self._saver.save_as(name, self._session())

    def load(self, name: str) -> None:
        """Go on with a saved chat in place of this one."""
        session, claim = self._saver.resume(name)
        settings = replace(self.settings, **session.settings)
        try:
            files = in_place(session.files, self.files)
            require_files(name, files)
            self._discussion.change(Subject(settings, files), session.turns)
        except BaseException:
            self._saver.release(claim)
            raise
        self._saver.take(name, claim)
        self._tell_moved(session.files, files)

    def _tell_moved(self, before: Sequence[str], now: Sequence[str]) -> None:
        for old, new in zip(before, now, strict=True):
            if old != new:
                self._reader.recorder.note(f"{new} was read in place of {old}, which is gone")

    def _autosave(self) -> None:
        if self.name is None:
            return
        try:
            self.sessions.save(self.name, self._session())
        except OSError as error:
            self._reader.recorder.warn(f"the chat cannot be saved: {told_by(error)}")

    def _session(self) -> Session:
        """The chat as it is saved."""
        return Session.of(self.settings, self.files, self.turns)

    def export(self, path: Path) -> None:
        """Write the conversation as Markdown.

        Raises
        ------
        UsageError
            If the file is there already, or cannot be written.
        """
        write_markdown(path, self.files, self.turns)
