"""Citations behind the sentences of an answer."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from keydiff_cli.system.terminal import printable
from keydiff_cli.system.wrapping import Style
from keydiff_cli.text.places import Citation
from keydiff_cli.text.sources import names_apart

_PLAIN = ("dumb", "linux")  # terminals without links


def citation_mark(citation: Citation, *, several: bool) -> str:
    """What stands behind a sentence: where it comes from, and what of it was not found.

    With the name of the document where ``several`` were read. It is one line, safe to print: labels
    are the words of the document.
    """
    place = str(citation.place)
    if citation.label:
        page = f"{citation.page_kind} {citation.page}"
        place = place.replace(page, f"{page} ({citation.label})", 1)
    if several:
        place = f"{citation.document}, {place}"
    missing = f"; not found: {', '.join(citation.missing)}" if citation.missing else ""
    return f" [{printable(place + missing)}]"


def marked(answer: str, citations: Sequence[Citation], *, several: bool) -> str:
    """An answer with a mark behind each of its sentences that has a place."""
    parts: list[str] = []
    given = 0
    for citation in citations:
        if citation.stop > given:  # else it is a further place of the same sentence
            parts += answer[given : citation.stop], citation_mark(citation, several=several)
            given = citation.stop
    return "".join((*parts, answer[given:]))


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
