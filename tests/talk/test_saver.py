"""The name that a chat has: saved under it, kept from others, left to them in the end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest
from filelock import FileLock

from keydiff_cli.errors import UsageError
from keydiff_cli.report import Turn
from keydiff_cli.settings.config import Settings
from keydiff_cli.talk.saver import Saver
from keydiff_cli.talk.sessions import SAVED, Session, Sessions


@pytest.fixture
def session() -> Session:
    settings = {name: value for name, value in asdict(Settings()).items() if name in SAVED}
    return Session(settings, [], [Turn("Why?", "So.", "eos")])


@pytest.fixture
def sessions(tmp_path: Path) -> Sessions:
    return Sessions(tmp_path)


@pytest.fixture
def saver(sessions: Sessions) -> Iterator[Saver]:
    saver = Saver(sessions)
    yield saver
    saver.close()


def is_free(sessions: Sessions, name: str) -> bool:
    """Whether another process could go on with the chat of a name."""
    try:
        Sessions(sessions.folder).claim(name).release()
    except UsageError:
        return False
    return True


def test_a_name_is_kept_from_others_until_there_is_another_one(
    saver: Saver, sessions: Sessions, session: Session
) -> None:
    assert saver.name is None
    saver.save_as("one", session)
    assert (saver.name, sessions.load("one")) == ("one", session)
    assert not is_free(sessions, "one")
    saver.save_as("one", session)  # once more
    assert not is_free(sessions, "one")
    saver.save_as("two", session)
    assert saver.name == "two"
    assert is_free(sessions, "one")
    assert not is_free(sessions, "two")
    saver.close()
    assert is_free(sessions, "two")


def test_the_chat_of_someone_else_is_not_written_over(
    saver: Saver, sessions: Sessions, session: Session
) -> None:
    sessions.save("theirs", session)
    saver.save_as("own", session)
    with pytest.raises(UsageError, match="there is a chat 'theirs' already; take another name"):
        saver.save_as("theirs", Session({}, [], []))
    assert sessions.load("theirs") == session
    assert is_free(sessions, "theirs")
    claim = Sessions(sessions.folder).claim("open")
    with pytest.raises(UsageError, match="'open' is open in another keydiff"):
        saver.save_as("open", session)
    claim.release()
    assert saver.name == "own"
    assert not is_free(sessions, "own")


def test_a_chat_that_cannot_be_saved_has_the_name_it_had(
    saver: Saver, sessions: Sessions, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    saver.save_as("one", session)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Sessions, "save", full)
    errors = []  # with all that their frames still hold
    for name in ("two", "one"):
        with pytest.raises(UsageError, match="cannot be saved: No space left on device") as error:
            saver.save_as(name, session)
        errors.append(error)
        assert saver.name == "one"
        assert not is_free(sessions, "one")
        assert is_free(sessions, "two")


def test_a_chat_is_gone_on_with_by_its_claim(
    saver: Saver, sessions: Sessions, session: Session
) -> None:
    sessions.save("old", session)
    saver.save_as("own", session)
    loaded, claim = saver.resume("old")
    assert loaded == session
    assert not is_free(sessions, "old")
    saver.release(claim)  # it came to nothing
    assert is_free(sessions, "old")
    assert saver.name == "own"
    again, claim = saver.resume("own")  # the claim that there is serves
    assert again == session
    saver.release(claim)
    assert not is_free(sessions, "own")
    _, claim = saver.resume("old")
    saver.take("old", claim)
    assert saver.name == "old"
    assert is_free(sessions, "own")
    assert not is_free(sessions, "old")
    with pytest.raises(UsageError, match="there is no chat 'typo'"):
        saver.resume("typo")


def test_without_a_name_there_is_nothing_to_leave(saver: Saver) -> None:
    saver.release(None)
    saver.take(None, None)
    saver.close()
    assert saver.name is None


def test_a_claim_alone_is_held_before_there_is_a_name(saver: Saver, sessions: Sessions) -> None:
    claim: FileLock = sessions.claim("soon")
    saver.take(None, claim)
    assert not is_free(sessions, "soon")
    saver.take("soon", claim)
    assert not is_free(sessions, "soon")
    saver.close()
    assert is_free(sessions, "soon")
