"""The line at which a user of ``keydiff chat`` types: its keys, history and completion."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion, PathCompleter
from prompt_toolkit.document import Document
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.styles import Style

from keydiff_cli import models
from keydiff_cli.cli.chat_settings import CHANGEABLE
from keydiff_cli.cli.drawn_prompt import draw_whole
from keydiff_cli.cli.messages import tell_warning
from keydiff_cli.cli.slash_commands import COMMANDS
from keydiff_cli.errors import KeydiffError
from keydiff_cli.models.elsewhere import usable_names
from keydiff_cli.policies import POLICY_NAMES
from keydiff_cli.system.files import make_private
from keydiff_cli.talk.sessions import Sessions


def open_prompt(sessions: Sessions, status: Callable[[], str]) -> PromptSession[str]:
    """The prompt, with what was typed before; ``status`` says what stands in the bottom line."""
    prompt: PromptSession[str] = PromptSession(
        history=_history(sessions.folder / "history"),
        multiline=True,
        key_bindings=_keys(),
        completer=CommandCompleter(sessions),
        complete_while_typing=False,
        bottom_toolbar=status,
        style=Style.from_dict({"prompt": "bold", "": "ansicyan"}),  # NO_COLOR leaves it out
        enable_open_in_editor=False,
        enable_suspend=True,
    )
    draw_whole(prompt)
    return prompt


def _keys() -> KeyBindings:
    """Enter ends what is typed, Alt-Enter begins a new line; Ctrl-X Ctrl-E opens the editor."""
    keys = KeyBindings()

    @keys.add("enter")
    def _(event: KeyPressEvent) -> None:
        event.current_buffer.validate_and_handle()

    @keys.add("escape", "enter")
    def _(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text("\n")

    @keys.add("c-x", "c-e")
    def _(event: KeyPressEvent) -> None:
        event.app.exit(result=f"/edit {event.current_buffer.text}")

    return keys


class _LenientHistory(FileHistory):
    """What was typed, as far as it can be written to a file."""

    def store_string(self, string: str) -> None:
        with suppress(OSError, UnicodeError):
            super().store_string(string)


def _history(path: Path) -> History:
    """What was typed before, in a file that only the user can read; in memory if there is none."""
    try:
        make_private(path.parent)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600))
    except OSError as error:
        tell_warning(f"{path}: {error.strerror}; what you type is not kept")
        return InMemoryHistory()
    return _LenientHistory(path)


class CommandCompleter(Completer):
    """Completes the names of commands, and what they take."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def get_completions(
        self, document: Document, complete_event: CompleteEvent
    ) -> Iterable[Completion]:
        """Everything that the command before the cursor could go on with."""
        text = document.text_before_cursor
        if not text.startswith("/") or "\n" in text:
            return
        name, space, argument = text[1:].partition(" ")
        if not space:
            yield from _matching(COMMANDS, name)
        elif name in ("add", "export"):
            path = Document(argument, len(argument))
            yield from PathCompleter(expanduser=True).get_completions(path, complete_event)
        elif name == "set" and " " not in argument:
            yield from _matching(CHANGEABLE, argument)
        else:
            yield from _matching(self._arguments(name), argument)

    def _arguments(self, command: str) -> Iterable[str]:
        if command == "policy":
            return POLICY_NAMES
        if command == "model":
            return [*models.catalogue(), *usable_names()]
        with suppress(KeydiffError):
            return self._sessions.names() if command == "load" else ()
        return ()


def _matching(words: Iterable[str], start: str) -> Iterable[Completion]:
    """The words that begin so, in place of what was typed of them."""
    return (
        Completion(word, start_position=-len(start)) for word in words if word.startswith(start)
    )
