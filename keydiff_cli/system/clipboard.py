"""The clipboard of whoever sits at the terminal, also far away (OSC 52)."""

from __future__ import annotations

import base64
import os


def copy_sequence(text: str) -> str:
    """What a terminal is told so that it puts a text on the clipboard, if it allows that.

    Within tmux the terminal around it is told, too.
    """
    data = base64.b64encode(text.encode("utf-8", "replace")).decode("ascii")
    sequence = f"\x1b]52;c;{data}\x07"
    if os.environ.get("TMUX"):
        through = sequence.replace("\x1b", "\x1b\x1b")
        sequence += f"\x1bPtmux;{through}\x1b\\"
    return sequence
