"""Lines that tell of progress, made to fit: names are shortened before anything is left out."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import TYPE_CHECKING

from rich.progress import ProgressColumn
from rich.text import Text

from keydiff_cli.system.wrapping import graphemes, text_width

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Task

_LEAST = 18  # columns that a name keeps
_REMAINING = 9  # columns of the time that remains, with the space before it
_ELLIPSIS = "…"


def shortened(text: str, columns: int) -> str:
    """A text of so many columns at most, with an ellipsis for what is left out of its middle."""
    if text_width(text) <= columns:
        return text
    room = max(columns - 1, 0)
    chars = graphemes(text)
    first, last = _fitting(chars, room // 2), _fitting(chars[::-1], room - room // 2)
    return "".join((*first, _ELLIPSIS, *last[::-1]))


def _fitting(chars: Sequence[str], columns: int) -> Sequence[str]:
    """The first of some characters that have so many columns at most."""
    widths = accumulate(map(text_width, chars))
    return chars[: sum(width <= columns for width in widths)]


def fitted(title: str, parts: Sequence[str], columns: int, between: str) -> str:
    """A title and the first of some parts, as many as fit beside a title that is shortened.

    The first part is there in any case.
    """
    least, line = min(text_width(title), _LEAST), ""
    for number, part in enumerate(parts):
        longer = line + (between if number else "") + part
        if number and least + 1 + text_width(longer) > columns:
            break
        line = longer
    room = max(columns - text_width(line) - 1, least)
    return shortened(title, room) if not line else f"{shortened(title, room)} {line}"


class FittedColumn(ProgressColumn):
    """What is read, and how far it is, beside the time that remains.

    Parameters
    ----------
    taken
        Columns that others need.
    console
        Where it is shown, which may change its width.
    """

    def __init__(self, taken: int, console: Console) -> None:
        super().__init__()
        self._taken, self._console = taken, console

    def render(self, task: Task) -> Text:
        status = task.fields["status"]
        parts = getattr(status, "parts", None) or [str(status)]
        room = self._console.width - _REMAINING - self._taken
        return Text(fitted(task.description, parts, room, ", "), no_wrap=True)
