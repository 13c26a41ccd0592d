"""An answer as a terminal shows it: safe, broken at words, with its Markdown and its citations."""

from __future__ import annotations

import os
from typing import TextIO

from keydiff_cli.render.citations import link_style
from keydiff_cli.render.markdown import MarkdownWriter
from keydiff_cli.system.terminal import Sanitizer
from keydiff_cli.system.wrapping import PLAIN, columns_of


class ShownAnswer:
    """One answer, which comes in pieces.

    Parameters
    ----------
    terminal
        Where it will be shown, which may change its width meanwhile.
    plain
        Whether its Markdown is left as it is.
    """

    def __init__(self, terminal: TextIO, *, plain: bool) -> None:
        dumb = os.environ.get("TERM", "dumb") == "dumb"  # it has no styles
        self._sanitize = Sanitizer()
        self._writer = MarkdownWriter(lambda: columns_of(terminal), markdown=not (plain or dumb))

    def text(self, text: str) -> str:
        """What is to be written now that a piece of the answer has come."""
        return self._writer.text(self._sanitize(text))

    def mark(self, mark: str, link: str) -> str:
        """What is to be written for a mark behind a sentence, a link if it has an address."""
        return self._writer.mark(mark, link_style(link) if link else PLAIN)

    def end(self) -> str:
        """What was held back of the answer, with the end of its last line."""
        return self._writer.end()
