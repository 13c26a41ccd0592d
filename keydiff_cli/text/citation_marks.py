"""Marks behind the sentences of an answer, which say what they rest on."""

from __future__ import annotations

from collections.abc import Sequence

from keydiff_cli.system.terminal import printable
from keydiff_cli.text.places import Citation


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
