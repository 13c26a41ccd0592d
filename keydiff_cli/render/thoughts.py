"""What a model thinks aloud, on the stream where it is wanted."""

from __future__ import annotations

import sys
from typing import Literal

from keydiff_cli.system.terminal import Sanitizer

Where = Literal["stdout", "stderr"]


class Thoughts:
    """Shows thoughts between tags, apart from the answer.

    Parameters
    ----------
    where
        The stream they go to; None to show none.
    """

    def __init__(self, where: Where | None = None) -> None:
        self._where = where
        self._thought = ""
        self._sanitize = Sanitizer()

    def show(self, text: str) -> None:
        """Show a piece of a thought; on stderr, where other lines come, when all of it is there."""
        if self._where == "stdout":
            self._write(text if self._thought else f"<think>\n{text.lstrip()}")
        self._thought += text

    def end(self) -> None:
        """End the thought, if there is one."""
        thought, self._thought = self._thought, ""
        if thought:
            begun = "" if self._where == "stdout" else f"<think>\n{thought.lstrip()}"
            self._write(f"{begun}\n</think>\n\n")

    def _write(self, text: str) -> None:
        if self._where is not None:
            stream = sys.stdout if self._where == "stdout" else sys.stderr
            stream.write(self._sanitize(text) if stream.isatty() else text)
            stream.flush()


def thoughts_for(*, think: bool, answer: bool, verbose: bool) -> Thoughts:
    """Show thoughts with the answer if they are wanted and it is shown, else if ``verbose``."""
    return Thoughts("stdout" if think and answer else "stderr" if verbose else None)
