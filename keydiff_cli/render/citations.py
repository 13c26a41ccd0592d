"""Links to the places that sentences of an answer rest on."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from keydiff_cli.system.terminal import printable
from keydiff_cli.system.wrapping import Style
from keydiff_cli.text.places import Citation
from keydiff_cli.text.sources import names_apart

_PLAIN = ("dumb", "linux")  # terminals without links


def link_to(citation: Citation, files: Sequence[str]) -> str:
    """The address of the place of a citation, for a link; empty if it has none.

    Of files that have pages it is the page. ``files`` are the paths of the documents.
    """
    if os.environ.get("TERM", "dumb") in _PLAIN:
        return ""
    for path, name in zip(files, names_apart(files), strict=True):
        if path != "-" and (name or printable(os.path.basename(path))) == citation.document:
            page = (
                f"#page={citation.page}" if citation.page and citation.page_kind == "page" else ""
            )
            return Path(path).absolute().as_uri() + page
    return ""


def link_style(address: str) -> Style:
    """A link of the terminal (OSC 8)."""
    return Style(f"\x1b]8;;{address}\x1b\\", "\x1b]8;;\x1b\\")
