"""A conversation as Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from keydiff_cli.errors import UsageError
from keydiff_cli.report import Turn
from keydiff_cli.text.citation_marks import marked


def as_markdown(files: Sequence[str], turns: Sequence[Turn]) -> str:
    """A conversation for people who read Markdown, with its citations."""
    lines = ["# Chat"]
    if files:
        lines += ["", *(f"- {Path(file).name}" for file in files)]
    for turn in turns:
        answer = marked(turn.answer, turn.citations, several=len(files) > 1)
        lines += ["", f"## {' '.join(turn.question.split())}", "", answer.strip()]
        if turn.stop_reason != "eos":
            lines += ["", "*(The answer was cut off here.)*"]
    return "\n".join(lines) + "\n"


def write_markdown(path: Path, files: Sequence[str], turns: Sequence[Turn]) -> None:
    """Write a conversation to a new file.

    Raises
    ------
    UsageError
        If the file is there already, or cannot be written.
    """
    made = False
    try:
        with path.open("x", encoding="utf-8", errors="replace") as file:
            made = True
            file.write(as_markdown(files, turns))
    except FileExistsError:
        raise UsageError(f"{path} exists already; take another name") from None
    except (OSError, ValueError) as error:  # a null byte is a ValueError
        if made:
            path.unlink(missing_ok=True)
        reason = error.strerror if isinstance(error, OSError) else error
        raise UsageError(f"{path} cannot be written: {reason}") from None
