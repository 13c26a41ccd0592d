"""The line of progress: what it shows when it is drawn anew."""

from __future__ import annotations

from typing import Any

from keydiff_cli.render.progress_line import ProgressLine


def shown(line: ProgressLine) -> dict[str, Any]:
    assert line._bar is not None
    (task,) = line._bar[0].tasks
    return {"title": task.description, "at": (task.completed, task.total), **task.fields}


def test_it_is_drawn_anew_as_it_was() -> None:
    line = ProgressLine("reading \x1b[31ma.txt")
    line.make()
    assert shown(line) == {"title": "reading a.txt", "at": (0, None), "status": ""}
    line.update(2, 8, "page 2")
    told = {"title": "reading a.txt", "at": (2, 8), "status": "page 2"}
    assert shown(line) == told
    line.undo()
    line.make()
    assert shown(line) == told
    line.undo()
    line.update(3, 8, "page 3", "reading b.txt")  # while another process has the terminal
    line.make()
    assert shown(line) == {"title": "reading b.txt", "at": (3, 8), "status": "page 3"}
    line.undo()
