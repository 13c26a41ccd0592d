"""A chat: documents, settings and a conversation, all of which can change while it goes on."""

from __future__ import annotations

import os
import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from filelock import FileLock

from keydiff_cli import models
from keydiff_cli.engine.answer import Sampler
from keydiff_cli.errors import UsageError
from keydiff_cli.reading.reader import Reader
from keydiff_cli.report import Events, Report, Turn
from keydiff_cli.settings.config import Settings
from keydiff_cli.talk.conversation import Conversation
from keydiff_cli.talk.markdown import as_markdown
from keydiff_cli.talk.saver import Saver
from keydiff_cli.talk.sessions import SAVED, Session, Sessions, open_sessions
from keydiff_cli.text.sources import is_pipe

_WARMTH = 0.7  # the temperature of a second answer, where answers are greedy

Answering = Generator[str, None, None]  # the pieces of an answer


class Chat:
    """What ``keydiff chat`` is about, without a terminal.

    Whatever changes documents or settings reads again, most likely from a snapshot, and lets the
    conversation go through the model once more. If that fails, all is as before.

    Parameters
    ----------
    files
        Paths of the documents.

    Attributes
    ----------
    settings : Settings
        What was chosen; :meth:`change` changes them.
    files : list of str
        Absolute paths of the documents.
    """

    def __init__(
        self, settings: Settings, files: Sequence[str] = (), events: Events | None = None
    ) -> None:
        self.settings = settings
        self.files = [os.path.abspath(file) for file in files]
        self._saver = Saver(open_sessions(settings))
        self._reader = Reader(settings, events)
        self._conversation: Conversation | None = None
        self._since = time.perf_counter()
        self._tries = 0

    def close(self) -> None:
        """Free the model, and the name of the chat for others."""
        self._reader.close()
        self._saver.close()

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
        return [] if self._conversation is None else self._conversation.turns

    @property
    def talked(self) -> int:
        """Tokens that the conversation has in the cache."""
        return 0 if self._conversation is None else self._conversation.tokens

    @property
    def intact(self) -> bool:
        """Whether the cache holds the documents as a whole."""
        return self._reader.held.intact

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
            files = [*session.files, *(file for file in files if file not in session.files)]
            turns = session.turns
        self._build(self.settings, files, turns)
        self._saver.take(name, claim)

    def say(self, question: str) -> Answering:
        """Answer a question, piece by piece."""
        conversation = self._ready()
        return self._answer(conversation, conversation.say(question))

    def retry(self) -> Answering:
        """Answer the last question once more, sampled anew."""
        settings, conversation = self.settings, self._ready()
        seed = settings.seed + self._tries + 1
        answer = conversation.say_again(Sampler(settings.temperature or _WARMTH, seed))
        self._tries += 1
        return self._answer(conversation, answer)

    def _answer(self, conversation: Conversation, answer: Iterator[str]) -> Answering:
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
        turn = self._ready().undo()
        self._autosave()
        return turn

    def clear(self) -> None:
        """Forget the whole conversation."""
        self._ready().clear()
        self._autosave()

    def _ready(self) -> Conversation:
        """The conversation; after something went wrong the documents are read again for it."""
        conversation = self._conversation
        if conversation is None:
            raise UsageError("nothing was read yet")
        if conversation.attached:
            return conversation
        return self._read(self.settings, self.files, conversation.turns)

    # Changing ---------------------------------------------------------------------------------

    def add(self, file: str) -> None:
        """Read one more document."""
        path = os.path.abspath(file)
        if path in self.files:
            raise UsageError(f"{path} is among the documents already")
        self._build(self.settings, [*self.files, path], self.turns)
        self._autosave()

    def change(self, settings: Settings) -> None:
        """Read by other settings."""
        self._build(settings, self.files, self.turns)
        self._autosave()

    def _build(self, settings: Settings, files: list[str], turns: Sequence[Turn]) -> Conversation:
        """Read, and go through what was said; all as before if that fails."""
        for file in files:
            if is_pipe(file):
                raise UsageError(f"{file} can be read only once; save it to a file first")
        known = self._conversation
        try:
            return self._read(settings, files, turns)
        except BaseException:
            if known is not None and not known.attached:
                self._read(self.settings, self.files, known.turns)
            raise

    def _read(self, settings: Settings, files: list[str], turns: Sequence[Turn]) -> Conversation:
        """Read documents, and let what was said go through."""
        reader, known = self._reader, self._conversation
        try:
            reader.read(files, settings=settings)
            conversation = Conversation(reader, turns)
            conversation.catch_up()
        except BaseException:
            if known is None or not known.attached:
                reader.close()
            raise
        self.settings, self.files = settings, files
        self._conversation = conversation
        reader.recorder.measure_peak()
        return conversation

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
            self._build(settings, session.files, session.turns)
        except BaseException:
            self._saver.release(claim)
            raise
        self._saver.take(name, claim)

    def _autosave(self) -> None:
        if self.name is None:
            return
        try:
            self.sessions.save(self.name, self._session())
        except OSError as error:
            self._reader.recorder.warn(f"the chat cannot be saved: {error.strerror or error}")

    def _session(self) -> Session:
        """The chat as it is saved."""
        settings = {key: value for key, value in asdict(self.settings).items() if key in SAVED}
        if models.is_path(self.settings.model):
            settings["model"] = os.path.abspath(os.path.expanduser(self.settings.model))
        return Session(settings, self.files, self.turns)

    def export(self, path: Path) -> None:
        """Write the conversation as Markdown.

        Raises
        ------
        UsageError
            If the file is there already, or cannot be written.
        """
        made = False
        try:
            with path.open("x", encoding="utf-8", errors="replace") as file:
                made = True
                file.write(as_markdown(self.files, self.turns))
        except FileExistsError:
            raise UsageError(f"{path} exists already; take another name") from None
        except (OSError, ValueError) as error:  # a null byte is a ValueError
            if made:
                path.unlink(missing_ok=True)
            reason = error.strerror if isinstance(error, OSError) else error
            raise UsageError(f"{path} cannot be written: {reason}") from None
