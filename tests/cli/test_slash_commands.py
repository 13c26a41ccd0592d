"""The commands of ``keydiff chat`` that begin with a slash."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from cli_helpers import POSIX
from fake_model import FakeLlama
from talk_helpers import asked

from keydiff_cli.cli.repl import Repl
from keydiff_cli.cli.slash_commands import COMMANDS, expand, run_command
from keydiff_cli.errors import KeydiffError, UsageError
from keydiff_cli.reading.preparation import locate_model
from keydiff_cli.render.display import Display
from keydiff_cli.settings.config import Settings
from keydiff_cli.talk.chat import Chat


def printed(repl: Repl, line: str) -> str:
    """What a command prints."""
    assert run_command(repl, line) is None
    assert isinstance(repl.out, io.StringIO)
    return repl.out.getvalue()


def say(repl: Repl, question: str) -> str:
    return "".join(repl.chat.say(question))


@pytest.mark.parametrize(
    ("line", "status", "text"),
    [
        ("bogus", 2, "there is no command /bogus; /help lists them"),
        ("", 2, "there is no command /; /help lists them"),
        ("add", 2, "write: /add FILE"),
        ("save  ", 2, "write: /save NAME"),
        ("undo now", 2, "write: /undo"),
        ("undo", 2, "there is nothing to take back"),
        ("retry", 2, "there is nothing to take back"),
        ("add missing.pdf", 3, "missing.pdf"),
        ("add a\0b", 3, "not a valid file name"),
        ("budget none", 2, "budget: 'none' is not a whole number"),
        ("policy best", 2, "'best' is not one of"),
        ("policy focus", 2, "reads for a question"),
        ("cite maybe", 2, "write: /cite on, or /cite off"),
        ("model missing", 4, "missing"),
        ("load missing", 2, "there is no chat 'missing'"),
        ("save ../x", 2, "is no name for a chat"),
        ("export /missing/x.md", 2, "cannot be written"),
    ],
)
def test_what_is_refused(
    repl: Repl, line: str, status: int, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("keydiff_cli.reading.reader.locate_model", locate_model)
    with pytest.raises(KeydiffError) as refused:
        for _ in run_command(repl, line) or ():
            pass
    assert text in str(refused.value)
    assert refused.value.status == status
    assert repl.chat.turns == []
    assert not repl.left


def test_help_lists_every_command(repl: Repl) -> None:
    text = printed(repl, "help")
    for name, command in COMMANDS.items():
        assert f"/{name} {command.argument}".strip() in text
        assert command.help in text
    assert "Alt-Enter begins a new line, Ctrl-C stops an answer." in text


@pytest.mark.parametrize("first", ["on", "off"])
def test_citations_are_turned_on_and_off(repl: Repl, document: Path, first: str) -> None:
    question = document.read_text()[:20]  # it is the answer, too
    printed(repl, f"cite {first}")
    say(repl, question)
    citations = [bool(repl.chat.report.citations)]
    printed(repl, f"cite {'off' if first == 'on' else 'on'}")
    say(repl, question)
    citations.append(bool(repl.chat.report.citations))
    assert citations == [first == "on", first == "off"]


def test_documents_are_added_and_listed(
    repl: Repl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "more.txt").write_text("The dock was deepened.")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert run_command(repl, "add ~/more.txt") is None
    head, first, second = printed(repl, "files").splitlines()
    assert head.split() == ["document", "kind", "pages", "characters", "tokens"]
    assert first.split()[:3] == ["story.txt", "text", "-"]
    assert second.split()[:4] == ["more.txt", "text", "-", "22"]


def test_without_a_document_there_is_none_to_list(fake: FakeLlama, settings: Settings) -> None:
    display = Display(quiet=False, answer=True)
    repl = Repl(Chat(settings, events=display), display, io.StringIO())
    repl.chat.start()
    with pytest.raises(UsageError, match="there is no document; /add one"):
        run_command(repl, "files")


def test_stats_are_shown(repl: Repl) -> None:
    assert "reading, tokens/s" in printed(repl, "stats")


def test_settings_are_changed(repl: Repl) -> None:
    for line in ("budget 300", "policy window", "system Be  brief.", "model other"):
        assert run_command(repl, line) is None
    settings = repl.chat.settings
    assert (settings.budget, settings.policy) == (300, "window")
    assert (settings.system, settings.model) == ("Be  brief.", "other")
    cache = repl.chat.report.cache
    assert cache is not None
    assert (cache.budget, cache.policy) == (300, "window")


def test_a_question_is_answered_again(repl: Repl) -> None:
    say(repl, "Why?")
    answer = run_command(repl, "retry")
    assert answer is not None
    assert "".join(answer) == "Why?"
    assert asked(repl.chat.turns) == ["Why?"]


def test_turns_are_forgotten(repl: Repl, capsys: pytest.CaptureFixture[str]) -> None:
    for question in ("One?", "Two?", "Three?"):
        say(repl, question)
    capsys.readouterr()
    assert run_command(repl, "undo") is None
    assert capsys.readouterr().err == "keydiff: forgotten: Three?\n"
    assert asked(repl.chat.turns) == ["One?", "Two?"]
    assert run_command(repl, "clear") is None
    said = "keydiff: the conversation is forgotten; the documents stay\n"
    assert capsys.readouterr().err == said
    assert (repl.chat.turns, len(repl.chat.report.documents)) == ([], 1)


def test_a_chat_is_saved_loaded_and_exported(
    repl: Repl, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    say(repl, "Why?")
    path = tmp_path / "chat.md"
    capsys.readouterr()
    for line in ("save  work ", f"export {path}"):
        assert run_command(repl, line) is None
    assert capsys.readouterr().err == (
        "keydiff: saved; keydiff chat --resume work goes on from here\n"
        f"keydiff: written to {path}\n"
    )
    assert path.read_text().startswith("# Chat\n\n- story.txt\n\n## Why?\n")
    run_command(repl, "save other")
    run_command(repl, "clear")
    assert run_command(repl, "load work") is None
    assert asked(repl.chat.turns) == ["Why?"]
    assert repl.chat.name == "work"


def test_leaving(repl: Repl) -> None:
    assert run_command(repl, "quit") is None
    assert repl.left


def test_a_path_may_begin_with_the_home_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert Path(expand("~/a b.txt")) == tmp_path / "a b.txt"
    assert expand("a~/b.txt") == "a~/b.txt"


@pytest.mark.skipif(not POSIX, reason="where the home folder of another user is looked up")
def test_a_home_folder_that_cannot_be_is_no_path() -> None:
    with pytest.raises(UsageError, match=r"'~a\x00b/c' is no path: "):
        expand("~a\0b/c")
