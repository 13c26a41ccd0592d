"""The commands of ``keydiff chat`` that begin with a slash."""

from __future__ import annotations

import io
import shlex
import sys
from pathlib import Path

import pytest
from fake_model import FakeLlama
from talk_helpers import asked

from keydiff_cli.cli.repl import Repl
from keydiff_cli.cli.slash_commands import COMMANDS, at_once, run_command
from keydiff_cli.errors import KeydiffError, UsageError
from keydiff_cli.reading.preparation import locate_model
from keydiff_cli.render.display import Display
from keydiff_cli.settings.config import Settings
from keydiff_cli.system.clipboard import copy_sequence
from keydiff_cli.talk.chat import Chat
from keydiff_cli.text.prompts import DEFAULT_SYSTEM


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
        ("retry", 2, "there is nothing to answer again: nothing was said"),
        ("add missing.pdf", 3, "missing.pdf"),
        ("add a\0b", 3, "not a valid file name"),
        ("budget none", 2, "budget: 'none' is not a whole number"),
        ("policy best", 2, "'best' is not one of"),
        ("policy focus", 2, "reads for a question"),
        ("cite maybe", 2, "cite: 'maybe' is not on or off"),
        ("budgte 3", 2, "there is no command /budgte; did you mean /budget? /help lists them"),
        ("set max_tokens none", 2, "max_tokens: 'none' is not a whole number"),
        ("continue", 2, "there is nothing to continue: nothing was said"),
        ("copy", 2, "there is no answer to copy"),
        ("edit Why?", 2, "/edit needs a terminal"),
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


@pytest.mark.parametrize(
    ("line", "whether"),
    [
        ("", True), ("/help", True), ("/?", True), ("/set seed", True), ("/bogus", True),
        ("/add", True), ("/cite", True), ("/set seed 3", False), ("/cite on", False),
        ("/add a.txt", False), ("Why?", False), ("//tmp?", False), ("/undo", False),
        ("/quit", False),
    ],
)  # fmt: skip
def test_what_only_looks_needs_no_waiting(line: str, whether: bool) -> None:
    assert at_once(line) == whether


def test_help_lists_every_command(repl: Repl) -> None:
    text = printed(repl, "help")
    for name, command in COMMANDS.items():
        assert f"/{name} {command.argument}".strip() in text
        assert command.help in text
    assert "Alt-Enter begins a new line, Ctrl-X Ctrl-E opens the editor." in text
    for line in ("?", "Help", "HELP"):
        assert printed(repl, line).endswith(text)


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
    repl: Repl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "more.txt").write_text("The dock was deepened.")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert run_command(repl, "add ~/more.txt") is None
    assert capsys.readouterr().err.splitlines()[-1] == "keydiff: added more.txt"
    head, first, second = printed(repl, "files").splitlines()
    assert head.split() == ["document", "kind", "pages", "characters", "tokens"]
    assert first.split()[:3] == ["story.txt", "text", "-"]
    assert second.split()[:4] == ["more.txt", "text", "-", "22"]


def test_markdown_in_a_text_file_is_a_text(repl: Repl, tmp_path: Path) -> None:
    for name in ("notes.txt", "notes.md"):
        (tmp_path / name).write_text("# The dock\n\nIt was deepened.\n\n## The quay\n\nOld.\n")
        run_command(repl, f"add {tmp_path / name}")
    _, _, text, markdown = printed(repl, "files").splitlines()
    assert "  text with Markdown headings  " in text
    assert markdown.split()[:2] == ["notes.md", "markdown"]


def test_without_a_document_there_is_none_to_list(fake: FakeLlama, settings: Settings) -> None:
    display = Display(quiet=False, answer=True)
    repl = Repl(Chat(settings, events=display), display, io.StringIO())
    repl.chat.start()
    for line in ("files", "map"):
        with pytest.raises(UsageError, match="there is no document"):
            run_command(repl, line)


def test_stats_are_shown(repl: Repl) -> None:
    assert "reading, tokens/s" in printed(repl, "stats")


def test_a_map_is_drawn_of_what_is_held_and_of_the_last_question(repl: Repl) -> None:
    before = printed(repl, "map")
    assert "story.txt" in before and "of the tokens of a page" in before
    assert "Why?" not in before
    assert say(repl, "Why?") == "Why?"
    assert "Why?" in printed(repl, "map").removeprefix(before)
    assert say(repl, "And?") == "Why? And?"


def test_settings_are_changed(repl: Repl, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    for line in ("budget 300", "policy window", "system Be  brief.", "model other"):
        assert run_command(repl, line) is None
    settings = repl.chat.settings
    assert (settings.budget, settings.policy) == (300, "window")
    assert (settings.system, settings.model) == ("Be  brief.", "other")
    cache = repl.chat.report.cache
    assert cache is not None
    assert (cache.budget, cache.policy) == (300, "window")
    assert capsys.readouterr().err == (
        "keydiff: budget changed\n"
        "keydiff: policy changed\n"
        "keydiff: system prompt changed\n"
        "keydiff: model changed\n"
    )


def test_a_setting_alone_is_shown(repl: Repl) -> None:
    for line in ("budget", "model", "policy", "cite", "set max-tokens", "set kv_type"):
        assert run_command(repl, line) is None
    assert isinstance(repl.out, io.StringIO)
    assert repl.out.getvalue().splitlines() == [
        "budget: 256",
        "model: fake",
        "policy: keydiff-prerope",
        "cite: off",
        "max_tokens: 600",
        "kv_type: f16",
    ]
    assert printed(repl, "system").endswith(f"system prompt: {DEFAULT_SYSTEM}\n")


def test_how_questions_are_answered_is_set_and_listed(
    repl: Repl, fake: FakeLlama, capsys: pytest.CaptureFixture[str]
) -> None:
    repl.chat.save("work")
    capsys.readouterr()
    for line in ("set max-tokens 4", "set threads  3", "set cite on", "set seed 0"):
        assert run_command(repl, line) is None
    assert capsys.readouterr().err == (
        "keydiff: max_tokens is 4 now\nkeydiff: threads is 3 now\nkeydiff: cite is on now\n"
    )
    assert fake.loads == 1
    assert fake.cache.context.threads == 3
    assert say(repl, "What is it?") == "What"
    assert repl.chat.sessions.load("work").settings["max_tokens"] == 4
    rows = dict(row.split() for row in printed(repl, "set").splitlines())
    assert (rows["max_tokens"], rows["cite"], rows["temperature"]) == ("4", "on", "0.0")
    assert rows["length"] == "-"


def test_an_answer_goes_on(repl: Repl) -> None:
    run_command(repl, "set max_tokens 4")
    say(repl, "What is it?")
    assert "".join(run_command(repl, "continue") or ()) == " is "
    assert repl.chat.turns[-1].answer == "What is "


def test_a_question_is_written_in_the_editor(
    repl: Repl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setenv("VISUAL", "")
    monkeypatch.setenv("EDITOR", f"{shlex.quote(sys.executable)} {tmp_path / 'editor.py'}")
    editor = tmp_path / "editor.py"
    editor.write_text("import sys; open(sys.argv[1], 'a').write(' is it?\\n')")
    capsys.readouterr()
    assert "".join(run_command(repl, "edit What") or ()) == "What is it?"
    assert asked(repl.chat.turns) == ["What is it?"]
    assert capsys.readouterr().out.startswith("> What is it?\n")
    editor.write_text("import sys; open(sys.argv[1], 'w').close()")
    assert run_command(repl, "edit What") is None
    assert capsys.readouterr().err == "keydiff: nothing is sent: the text is empty\n"


def test_the_last_answer_is_put_on_the_clipboard(
    repl: Repl, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    say(repl, "Why?")
    with pytest.raises(UsageError, match="needs a terminal"):
        run_command(repl, "copy")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    capsys.readouterr()
    assert run_command(repl, "copy") is None
    assert capsys.readouterr().out == copy_sequence("Why?")


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


def test_leaving(repl: Repl) -> None:
    assert run_command(repl, "quit") is None
    assert repl.left
