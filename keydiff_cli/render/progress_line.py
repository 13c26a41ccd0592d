"""The line on stderr that says how far it is, and is drawn again and again."""

from __future__ import annotations

import os
import stat
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from keydiff_cli.system.as_found import come_back
from keydiff_cli.system.terminal import printable
from keydiff_cli.system.typing_mode import TypingMode

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

_WIDE = 110  # columns of a terminal that has room for a bar


class ProgressLine:
    """A change of the terminal: the line, and that what is typed does not show in it.

    Parameters
    ----------
    title
        What is going on.
    """

    def __init__(self, title: str) -> None:
        self._shown: dict[str, Any] = {
            "description": printable(title), "completed": 0, "total": None, "status": "",
        }  # fmt: skip
        self._bar: tuple[Bar, TaskID] | None = None
        self._typing: TypingMode | None = None
        with suppress(OSError):
            if not _is_pipe(1):  # or a pager may be setting modes at the same time
                self._typing = TypingMode(sys.stderr)

    def update(
        self, done: float, total: int | None, status: object, title: str | None = None
    ) -> None:
        """Show how far it is; without a title the old one stays."""
        changes: dict[str, Any] = {"completed": done, "total": total, "status": status}
        if title is not None:
            changes["description"] = printable(title)
        self._shown |= changes
        come_back()  # there may have been no signal when the shell gave the terminal back
        if self._bar is not None:
            bar, task = self._bar
            bar.update(task, **changes)

    def make(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, ProgressColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        from keydiff_cli.render.fitting import FittedColumn

        if self._typing is not None:
            self._typing.make()
        console = Console(stderr=True)
        wide = console.width >= _WIDE
        columns: list[ProgressColumn] = [BarColumn(bar_width=20)] if wide else []
        columns += FittedColumn(21 * wide, console), TimeRemainingColumn(compact=True)
        bar = Bar(*columns, console=console, transient=True)
        task = bar.add_task(**self._shown)
        bar.start()
        self._bar = bar, task

    def undo(self) -> None:
        shown, self._bar = self._bar, None
        if shown is not None:
            shown[0].stop()
        if self._typing is not None:
            self._typing.undo()


def _is_pipe(descriptor: int) -> bool:
    try:
        return stat.S_ISFIFO(os.fstat(descriptor).st_mode)
    except OSError:
        return False
