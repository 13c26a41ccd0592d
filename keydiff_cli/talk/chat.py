"""A chat: documents, settings and a conversation, all of which can change while it goes on."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from filelock import FileLock

from keydiff_cli import models
from keydiff_cli.engine.answer import Sampler
from keydiff_cli.errors import UsageError
from keydiff_cli.policies import ASKING
from keydiff_cli.reading.reader import Reader
from keydiff_cli.report import Events, Report, Turn
from keydiff_cli.settings.config import Settings
from keydiff_cli.talk.conversation import Conversation
from keydiff_cli.talk.sessions import SAVED, Session, Sessions, open_sessions
from keydiff_cli.text.stream import is_pipe

_WARMTH = 0.7  # the temperature of a second answer, where answers are greedy


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
    name : str or None
        Under which it is saved after every answer.
    turns : list of Turn
        What was said.
    """

    def __init__(
        self, settings: Settings, files: Sequence[str] = (), events: Events | None = None
    ) -> None:
        self.settings = settings
        self.files = [os.path.abspath(file) for file in files]
        self.name: str | None = None
        self.sessions: Sessions = open_sessions(settings)
        self._reader = Reader(settings, events)
        self.turns: list[Turn] = []
        self._conversation: Conversation | None = None
        self._focus: str | None = None  # the question that the documents were read for
        self._since = time.perf_counter()
        self._tries = 0
        self._claim: FileLock | None = None

    def close(self) -> None:
        """Free the model, and the name of the chat for others."""
        self._reader.close()
        if self._claim is not None:
            self._claim.release()

    @property
    def report(self) -> Report:
        """Of the last answer."""
        return self._reader.report

    @property
    def talked(self) -> int:
        """Tokens that the conversation has in the cache."""
        return 0 if self._conversation is None else self._conversation.tokens

    @property
    def intact(self) -> bool:
        """Whether the cache holds the documents as a whole."""
        return self._reader.intact

    @property
    def focused(self) -> bool:
        """Whether the documents were read for the last question."""
        return bool(self.turns) and self._focus == self.turns[-1].question

    # Talking ----------------------------------------------------------------------------------

    def start(
        self,
        name: str | None = None,
        session: Session | None = None,
        claim: FileLock | None = None,
    ) -> None:
        """Read the documents, and those of a saved chat, which goes on."""
        self._claim = claim
        files, turns = self.files, self.turns
        if session is not None:
            files = [*session.files, *(file for file in files if file not in session.files)]
            turns = session.turns
        self._build(self.settings, files, None, turns)
        self.name, self.turns = name, turns

    def say(self, question: str, sampler: Sampler | None = None) -> Iterator[str]:
        """Answer a question, piece by piece."""
        return self._answer(self._ready(), question, sampler)

    def _answer(
        self, conversation: Conversation, question: str, sampler: Sampler | None = None
    ) -> Iterator[str]:
        before = len(conversation.turns)
        try:
            yield from conversation.say(question, sampler)
        finally:
            now = time.perf_counter()
            self.report.timing_s["total"] = now - self._since
            self._since = now
            self._reader.check_peak()
            if len(conversation.turns) > before:
                self._said(conversation.turns)

    def _said(self, turns: list[Turn]) -> None:
        self.turns = turns
        self._autosave()

    def retry(self) -> Iterator[str]:
        """Answer the last question once more, sampled anew."""
        settings, conversation = self.settings, self._ready()
        turn = conversation.undo()
        self._tries += 1
        sampler = Sampler(settings.temperature or _WARMTH, settings.seed + self._tries)
        return self._answer(conversation, turn.question, sampler)

    def undo(self) -> Turn:
        """Forget the last question and its answer."""
        conversation = self._ready()
        turn = conversation.undo()
        self._said(conversation.turns)
        return turn

    def clear(self) -> None:
        """Forget the whole conversation."""
        self._ready().clear()
        self._said([])

    def _ready(self) -> Conversation:
        """The conversation, after all that was said; made good if that went wrong before."""
        conversation = self._conversation
        if conversation is None:
            raise UsageError("nothing was read yet")
        known = conversation.turns
        if not conversation.attached or known != self.turns[: len(known)]:
            return self._read(self.settings, self.files, self._focus, self.turns)
        conversation.replay(self.turns[len(known) :])
        return conversation

    # Changing ---------------------------------------------------------------------------------

    def add(self, file: str) -> None:
        """Read one more document."""
        path = os.path.abspath(file)
        if path in self.files:
            raise UsageError(f"{path} is among the documents already")
        self._build(self.settings, [*self.files, path], None, self.turns)
        self._autosave()

    def change(self, settings: Settings) -> None:
        """Read by other settings."""
        self._build(settings, self.files, None, self.turns)
        self._autosave()

    def reread(self) -> Iterator[str]:
        """Read the documents for the last question, and answer it once more."""
        if not self.turns:
            raise UsageError("ask something first: the documents are read again for that question")
        if not self.files:
            raise UsageError("there is no document to read again; /add one")
        if self.intact:
            raise UsageError("the cache holds all of the documents: reading again changes nothing")
        *before, last = self.turns
        conversation = self._build(self.settings, self.files, last.question, before)
        return self._answer(conversation, last.question)

    def _build(
        self, settings: Settings, files: list[str], focus: str | None, turns: Sequence[Turn]
    ) -> Conversation:
        """Read, and go through what was said; all as before if that fails."""
        for file in files:
            if is_pipe(file):
                raise UsageError(f"{file} can be read only once; save it to a file first")
        known = self._conversation
        try:
            return self._read(settings, files, focus, turns)
        except BaseException:
            self._reader.settings = _effective(self.settings, self._focus)
            if known is not None and not known.attached:
                self._read(self.settings, self.files, self._focus, self.turns)
            raise

    def _read(
        self, settings: Settings, files: list[str], focus: str | None, turns: Sequence[Turn]
    ) -> Conversation:
        reader, known = self._reader, self._conversation
        reader.settings = _effective(settings, focus)
        try:
            reader.read(files, question=focus)
            conversation = Conversation(reader)
            conversation.replay(turns)
        except BaseException:
            if known is None or not known.attached:
                reader.close()
            raise
        self.settings, self.files, self._focus = settings, files, focus
        self._conversation = conversation
        reader.check_peak()
        return conversation

    # Keeping ----------------------------------------------------------------------------------

    def save(self, name: str) -> None:
        """Save the chat under a name, and from now on after every answer.

        Raises
        ------
        UsageError
            If another chat has the name.
        """
        before = (self.name, self._claim)
        if name != self.name:
            claim = self.sessions.claim(name)
            if self.sessions.path(name).exists():
                claim.release()
                raise UsageError(
                    f"there is a chat '{name}' already; take another name, or remove it with "
                    f"'keydiff sessions remove {name}'"
                )
            self.name, self._claim = name, claim
        try:
            self._write()
        except OSError as error:
            if self._claim is not None and self._claim is not before[1]:
                self._claim.release()
            self.name, self._claim = before
            raise UsageError(f"the chat cannot be saved: {error.strerror or error}") from None
        if before[1] is not None and before[1] is not self._claim:
            before[1].release()

    def load(self, name: str) -> None:
        """Go on with a saved chat in place of this one."""
        if name == self.name:
            session, claim = self.sessions.load(name), self._claim
        else:
            session, claim = self.sessions.resume(name)
        try:
            self._build(
                replace(self.settings, **session.settings), session.files, None, session.turns
            )
        except BaseException:
            if claim is not None and claim is not self._claim:
                claim.release()
            raise
        if self._claim is not None and claim is not self._claim:
            self._claim.release()
        self.name, self._claim, self.turns = name, claim, session.turns

    def _autosave(self) -> None:
        if self.name is None:
            return
        try:
            self._write()
        except OSError as error:
            self._reader.warn(f"the chat cannot be saved: {error.strerror or error}")

    def _write(self) -> None:
        assert self.name is not None
        settings = {key: value for key, value in asdict(self.settings).items() if key in SAVED}
        if models.is_path(self.settings.model):
            settings["model"] = os.path.abspath(os.path.expanduser(self.settings.model))
        self.sessions.save(self.name, Session(settings, self.files, self.turns))

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


def _effective(settings: Settings, focus: str | None) -> Settings:
    """Settings to read by, for a question or for none."""
    return settings if focus is None else replace(settings, policy=ASKING)


def as_markdown(files: Sequence[str], turns: Sequence[Turn]) -> str:
    """A conversation for people who read Markdown."""
    lines = ["# Chat"]
    if files:
        lines += ["", *(f"- {Path(file).name}" for file in files)]
    for turn in turns:
        lines += ["", f"## {' '.join(turn.question.split())}", "", turn.answer.strip()]
        if turn.stop_reason != "eos":
            lines += ["", f"*({turn.stop_reason})*"]
    return "\n".join(lines) + "\n"
