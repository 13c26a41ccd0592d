"""A conversation as Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from keydiff_cli.report import Turn


def as_markdown(files: Sequence[str], turns: Sequence[Turn]) -> str:
    """A conversation for people who read Markdown."""
    lines = ["# Chat"]
    if files:
        lines += ["", *(f"- {Path(file).name}" for file in files)]
    for turn in turns:
        lines += ["", f"## {' '.join(turn.question.split())}", "", turn.answer.strip()]
        if turn.stop_reason != "eos":
            lines += ["", f"*({turn.stop_reason})*"]
    return "\n".join(lines) + "\n"
