"""Saved chats: written whole, read back, refused when damaged; no model."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path

import pytest
from cli_helpers import POSIX

from keydiff_cli.errors import DocumentError, UsageError
from keydiff_cli.report import Turn
from keydiff_cli.settings.config import Settings
from keydiff_cli.talk.sessions import SAVED, Session, Sessions, in_place, require_files
from keydiff_cli.text.places import Citation

TURNS = [Turn("What is it?", "A harbour.\nAn old one.", "eos"), Turn("Überall?", "J\n", "length")]


@pytest.fixture
def session() -> Session:
    settings = {name: value for name, value in asdict(Settings()).items() if name in SAVED}
    return Session(settings, ["/tmp/a.pdf"], TURNS)


def test_a_chat_is_read_back_as_it_was_saved(tmp_path: Path, session: Session) -> None:
    sessions = Sessions(tmp_path / "new" / "chats")
    assert sessions.names() == []
    sessions.save("work-1", session)
    sessions.save("a.b_c", session)
    assert sessions.names() == ["a.b_c", "work-1"]
    assert sessions.load("work-1") == session
    if POSIX:
        assert (tmp_path / "new" / "chats").stat().st_mode & 0o777 == 0o700
        assert sessions.path("work-1").stat().st_mode & 0o777 == 0o600
    assert sorted(os.listdir(sessions.folder)) == ["a.b_c.json", "work-1.json"]
    sessions.remove(["work-1"])
    assert sessions.names() == ["a.b_c"]


def test_a_name_that_would_do_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"'my chat: 2' is no name .*, such as my-chat-2$"):
        Sessions(tmp_path).path("my chat: 2")


@pytest.mark.parametrize("name", ["", "..", "a/b", "../x", ".hidden", "a b", "x" * 65, "ä", "a\n"])
def test_a_name_cannot_lead_elsewhere(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="no name for a chat"):
        Sessions(tmp_path).path(name)


def test_all_names_must_exist_before_any_is_removed(tmp_path: Path, session: Session) -> None:
    sessions = Sessions(tmp_path)
    sessions.save("one", session)
    with pytest.raises(UsageError, match="no chat 'two'; saved ones: one"):
        sessions.remove(["one", "two"])
    assert sessions.names() == ["one"]
    with pytest.raises(UsageError, match="no chat 'two'; saved ones: one"):
        sessions.load("two")


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "1", "{}", '{"version": 1}', '{"version": 1, "settings": {}, "files": []}'],
)
def test_a_damaged_file_is_refused(tmp_path: Path, text: str) -> None:
    sessions = Sessions(tmp_path)
    sessions.path("bad").write_text(text)
    with pytest.raises(UsageError, match="is damaged; remove it: keydiff sessions remove bad"):
        sessions.load("bad")


@pytest.mark.parametrize(
    ("name", "value"),
    [("model", 5), ("budget", "abc"), ("block", -3), ("kv_type", "f64"), ("seed", None)],
)
def test_settings_that_make_no_sense_are_refused(
    tmp_path: Path, session: Session, name: str, value: object
) -> None:
    sessions = Sessions(tmp_path)
    sessions.save("odd", Session({**session.settings, name: value}, session.files, TURNS))
    with pytest.raises(UsageError, match=rf"odd.json is damaged \({name}: .* remove odd"):
        sessions.load("odd")


@pytest.mark.parametrize(
    "turn",
    [
        "x",
        {"question": "?", "answer": "", "stop_reason": "eos", "citations": ["x"]},
        {"question": "?", "answer": "", "stop_reason": "eos", "citations": [{"start": 1e999}]},
    ],
)
def test_turns_that_are_none_are_damage(tmp_path: Path, session: Session, turn: object) -> None:
    sessions = Sessions(tmp_path)
    sessions.save("odd", session)
    value = json.loads(sessions.path("odd").read_text())
    sessions.path("odd").write_text(json.dumps({**value, "turns": [turn]}))
    with pytest.raises(UsageError, match=r"odd\.json is damaged"):
        sessions.load("odd")


def test_citations_are_saved_too(tmp_path: Path, session: Session) -> None:
    citations = (
        Citation(0, 10, "a.pdf", 3, "ix", (1, 2), "A harbour", 0.5, False, ("1902",)),
        Citation(0, 10, "b.txt", None, "", (7, 9), "", 0.5, None, (), "sheet"),
    )
    turns = [Turn("What is it?", "A harbour.", "eos", citations)]
    sessions = Sessions(tmp_path)
    sessions.save("cited", Session(session.settings, session.files, turns))
    assert [turn.citations for turn in sessions.load("cited").turns] == [citations]
    value = json.loads(sessions.path("cited").read_text())
    value["turns"][0]["citations"][0]["lines"] = [1]
    sessions.path("cited").write_text(json.dumps(value))
    with pytest.raises(UsageError, match="is damaged"):
        sessions.load("cited")


def test_a_document_that_has_moved_is_the_one_given_by_its_name(tmp_path: Path) -> None:
    here, moved = tmp_path / "here.txt", tmp_path / "new" / "gone.txt"
    moved.parent.mkdir()
    here.touch()
    moved.touch()
    gone = str(tmp_path / "gone.txt")
    given = [str(moved), str(tmp_path / "new" / "here.txt")]
    assert in_place([str(here), gone], given) == [str(here), str(moved)]
    assert in_place([gone], [str(here)]) == [gone]
    two = [str(tmp_path / place / "gone.txt") for place in "ab"]
    assert in_place(two, [str(moved)]) == [str(moved), two[1]]  # it is one of them, not both
    assert in_place([gone, str(moved)], [str(moved)]) == [gone, str(moved)]  # it is another one
    with pytest.raises(DocumentError, match=r"'NEW_FOLDER/my note\.txt'"):
        require_files("work", [str(tmp_path / "my note.txt")])
    require_files("work", [str(here)])
    with pytest.raises(DocumentError, match=r"gone.txt, which is .* --resume work NEW_FOLDER/gone"):
        require_files("work", [str(here), gone])


def test_any_text_can_be_saved(tmp_path: Path, session: Session) -> None:
    sessions = Sessions(tmp_path)
    odd = Session(session.settings, ["/tmp/\udcff.txt"], [Turn("\udcff", "\ud800", "eos")])
    sessions.save("odd", odd)
    assert sessions.load("odd") == odd


def test_of_two_programs_one_has_a_chat(tmp_path: Path) -> None:
    sessions = Sessions(tmp_path)
    claim = sessions.claim("one")
    with pytest.raises(UsageError, match="the chat 'one' is open in another keydiff"):
        Sessions(tmp_path).claim("one")
    sessions.path("one").write_text("{}")
    with pytest.raises(UsageError, match="is open in another keydiff"):
        Sessions(tmp_path).remove(["one"])
    assert sessions.names() == ["one"]
    claim.release()
    Sessions(tmp_path).remove(["one"])
    assert sessions.names() == []
    Sessions(tmp_path).claim("one").release()


def test_what_is_not_there_is_not_claimed(tmp_path: Path, session: Session) -> None:
    sessions = Sessions(tmp_path / "chats")
    with pytest.raises(UsageError, match="there is no chat 'typo'; saved ones: none"):
        sessions.resume("typo")
    assert not sessions.folder.exists()
    sessions.save("one", session)
    loaded, claim = sessions.resume("one")
    assert loaded == session
    claim.release()
    sessions.remove(["one", "one"])
    assert sessions.names() == []
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="file cannot be searched"):
        Sessions(tmp_path / "file").names()


def test_another_version_is_refused(tmp_path: Path, session: Session) -> None:
    sessions = Sessions(tmp_path)
    sessions.save("old", session)
    value = json.loads(sessions.path("old").read_text())
    sessions.path("old").write_text(json.dumps({**value, "version": 0}))
    with pytest.raises(UsageError, match="another version"):
        sessions.load("old")


def test_a_chat_that_was_saved_before_some_settings_existed_has_the_others(
    tmp_path: Path, session: Session
) -> None:
    later = ("recall", "second_look", "archive", "archive_type")
    assert set(later) <= set(session.settings)
    settings = {name: value for name, value in session.settings.items() if name not in later}
    old = Session(settings, session.files, TURNS)
    sessions = Sessions(tmp_path)
    sessions.save("old", old)
    assert sessions.load("old") == old
