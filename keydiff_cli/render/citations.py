"""Citations behind the sentences of an answer."""

from __future__ import annotations

from keydiff_cli.text.places import Citation


def citation_mark(citation: Citation, *, several: bool) -> str:
    """What stands behind a sentence: where it comes from, and what of it is in no document.

    With the name of the document where ``several`` were read.
    """
    place = str(citation.place)
    if citation.label:
        page = f"{citation.page_kind} {citation.page}"
        place = place.replace(page, f"{page} ({citation.label})", 1)
    if several:
        place = f"{citation.document}, {place}"
    missing = f"; not found: {', '.join(citation.missing)}" if citation.missing else ""
    return f" [{place}{missing}]"
