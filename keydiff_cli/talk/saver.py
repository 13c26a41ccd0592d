"""Saving a chat under a name that no other process has meanwhile."""

from __future__ import annotations

from filelock import FileLock

from keydiff_cli.errors import UsageError
from keydiff_cli.system.files import told_by
from keydiff_cli.talk.sessions import Session, Sessions


class Saver:
    """The name that a chat has, if it has one.

    Attributes
    ----------
    sessions : Sessions
        All saved chats.
    name : str or None
        The name that the chat is saved under.
    """

    def __init__(self, sessions: Sessions) -> None:
        self.sessions = sessions
        self.name: str | None = None
        self._claim: FileLock | None = None

    def take(self, name: str | None, claim: FileLock | None) -> None:
        """Have a name that was claimed, in place of the one before."""
        if self._claim is not None and self._claim is not claim:
            self._claim.release()
        self.name, self._claim = name, claim

    def close(self) -> None:
        """Leave the name to others."""
        if self._claim is not None:
            self._claim.release()

    def save_as(self, name: str, session: Session) -> None:
        """Save under a name, which the chat has from now on.

        Raises
        ------
        UsageError
            If another chat has the name, or the chat cannot be saved; the name is the one before.
        """
        claim = self._claim
        if name != self.name:
            claim = self.sessions.claim(name)
            if self.sessions.path(name).exists():
                claim.release()
                raise UsageError(
                    f"there is a chat '{name}' already; take another name, or remove it with "
                    f"'keydiff sessions remove {name}'"
                )
        try:
            self.sessions.save(name, session)
        except OSError as error:
            if claim is not None and claim is not self._claim:
                claim.release()
            raise UsageError(f"the chat cannot be saved: {told_by(error)}") from None
        self.take(name, claim)

    def resume(self, name: str) -> tuple[Session, FileLock | None]:
        """Read a saved chat, and keep others from going on with it; to be taken or released.

        Raises
        ------
        UsageError
            If there is none of this name, its file is damaged, or another process has it.
        """
        if name == self.name:
            return self.sessions.load(name), self._claim
        return self.sessions.resume(name)

    def release(self, claim: FileLock | None) -> None:
        """Leave a name that was claimed to others, unless it is the one that the chat has."""
        if claim is not None and claim is not self._claim:
            claim.release()
