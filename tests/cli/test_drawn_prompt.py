"""The prompt on a terminal that is taken away from it, or gets narrower."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from prompt_toolkit import PromptSession
from prompt_toolkit.application import create_app_session, run_in_terminal
from prompt_toolkit.data_structures import Size
from prompt_toolkit.input.base import PipeInput
from prompt_toolkit.input.defaults import create_pipe_input
from prompt_toolkit.output import DummyOutput

from keydiff_cli.cli.drawn_prompt import DrawnPrompt
from keydiff_cli.cli.line_input import open_prompt
from keydiff_cli.talk.sessions import Sessions


class Output(DummyOutput):
    """A terminal of some width, which knows how far up its cursor went."""

    def __init__(self) -> None:
        self.columns = 40
        self.ups: list[int] = []

    def get_size(self) -> Size:
        return Size(rows=24, columns=self.columns)

    def cursor_up(self, amount: int) -> None:
        self.ups += [amount] if amount else []


@contextmanager
def prompted(folder: Path) -> Iterator[tuple[PromptSession[str], PipeInput, Output]]:
    output = Output()
    with create_pipe_input() as keyboard, create_app_session(keyboard, output):
        yield open_prompt(Sessions(folder), lambda: "the bottom line"), keyboard, output


@pytest.mark.parametrize(
    ("text", "columns", "variables", "up"),
    [
        ("word " * 20, 40, {}, 2),  # three rows of it, as they were drawn
        ("word " * 20, 30, {}, 2 + 2),  # the first two take two each
        ("word " * 20, 15, {}, 2 + 2 * 2 + 1),
        ("word " * 5, 15, {}, 1),  # the row of the cursor
        ("word " * 20, 15, {"XTERM_VERSION": "XTerm(380)"}, 2),
        ("word " * 20, 15, {"TERM": "linux"}, 2),
        ("word " * 20, 15, {"TERM": "screen", "TMUX": "/tmp/tmux"}, 2 + 2 * 2 + 1),
    ],
)
def test_a_prompt_on_a_narrower_terminal_is_cleared_to_its_start(
    text: str,
    columns: int,
    variables: dict[str, str],
    up: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("TMUX", "XTERM_VERSION"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"TERM": "xterm-256color", **variables}.items():
        monkeypatch.setenv(name, value)
    with prompted(tmp_path) as (prompt, keyboard, output):
        cleared: list[int] = []

        def narrow(_: object) -> None:
            if prompt.default_buffer.text != text or cleared:
                return
            prompt.app.renderer.render(prompt.app, prompt.app.layout)
            output.ups.clear()
            output.columns = columns
            prompt.app.renderer.erase()
            cleared.append(sum(output.ups))
            keyboard.send_text("\r")

        prompt.app.before_render += narrow
        keyboard.send_text(text)
        prompt.prompt("> ")
    assert cleared == [up]


def test_nothing_is_drawn_while_ctrl_z_has_cleared_it(tmp_path: Path) -> None:
    """Where the cursor is would be answered while the terminal shows what is typed."""
    asked: list[str] = []
    with prompted(tmp_path) as (prompt, keyboard, _):
        drawn, renderer = DrawnPrompt(prompt), prompt.app.renderer
        ask = partial(asked.append, "where?")

        def away() -> None:
            renderer.request_absolute_cursor_position = ask  # type: ignore[method-assign]
            drawn.undo()
            drawn.make()
            del renderer.request_absolute_cursor_position
            keyboard.send_text("\r")

        prompt.prompt("> ", pre_run=lambda: run_in_terminal(away) and None)
    assert asked == []
