"""The prompt on a terminal that is taken away from it, comes back, or gets narrower."""

from __future__ import annotations

import os
from typing import Any

from prompt_toolkit import PromptSession
from prompt_toolkit.application import Application
from prompt_toolkit.layout.screen import Screen

from keydiff_cli.system.as_found import drawn_whole


class DrawnPrompt:
    """The prompt as a change of the terminal, which a signal may come upon at any time."""

    def __init__(self, prompt: PromptSession[str]) -> None:
        self._app = prompt.app

    @property
    def _draws(self) -> bool:
        """Whether it is on the screen: Ctrl-Z at the prompt has cleared it, and draws it again."""
        app = self._app
        return app.is_running and not getattr(app, "_running_in_terminal", False)

    def make(self) -> None:
        """Draw it, if it was drawn before."""
        if self._draws:
            self._app.renderer.reset()
            self._app.renderer.request_absolute_cursor_position()
            self._app.invalidate()

    def undo(self) -> None:
        """Clear it away."""
        if self._draws:
            self._app.renderer.erase()


def draw_whole(prompt: PromptSession[str]) -> None:
    """Have a prompt drawn to its end before a signal is handled, and cleared away to its start."""
    app, renderer = prompt.app, prompt.app.renderer
    render, erase = renderer.render, renderer.erase

    def render_whole(*given: Any, **more: Any) -> None:
        with drawn_whole():  # or nobody would know where the cursor is when a signal clears it away
            render(*given, **more)

    def erase_whole(*given: Any, **more: Any) -> None:
        screen = renderer.last_rendered_screen
        if screen is not None and _breaks_anew():
            app.output.cursor_up(_rows_more(app, screen))
        erase(*given, **more)

    renderer.render = render_whole  # type: ignore[method-assign]
    renderer.erase = erase_whole  # type: ignore[method-assign]


def _rows_more(app: Application[str], screen: Screen) -> int:
    """How many rows more than were drawn there are from the start to the cursor.

    A terminal that got narrower has broken those that are too long for it.
    """
    columns = max(app.output.get_size().columns, 1)
    cursor = screen.get_cursor_position(app.layout.current_window)
    above = (screen.data_buffer[row] for row in range(cursor.y))
    ends = (max((at for at, cell in row.items() if cell.char.strip()), default=0) for row in above)
    return sum(end // columns for end in ends) + cursor.x // columns


def _breaks_anew() -> bool:
    """Whether the terminal breaks what stands on it anew when it gets narrower, as most do."""
    term = os.environ.get("TERM", "")
    cuts = "XTERM_VERSION" in os.environ or term.startswith(("linux", "screen"))
    return "TMUX" in os.environ or not cuts
