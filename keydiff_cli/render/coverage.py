"""How much of the documents the cache holds, for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TextIO

from keydiff_cli.documents.page_runs import runs
from keydiff_cli.render.printing import print_table
from keydiff_cli.text.coverage import Coverage, CoveredPart, Share
from keydiff_cli.text.places import written_range

_NAMED = 4  # parts that the last line of a run names
_MANY = 0.25  # of all parts are too many to name any
_ROWS = 60  # of the parts of a document in a table


def weakest_parts(documents: Sequence[Coverage]) -> str:
    """The parts that are held least, in words: ``pages 12, 40-41``; empty where all are alike.

    Where they are many, how many: ``524 of 1000 pages``.
    """
    weak = [
        (document.parts[number].mean, which, number)
        for which, document in enumerate(documents)
        for number in document.weakest
    ]
    parts = [part for document in documents for part in document.parts]
    if len(weak) > max(_NAMED, _MANY * len(parts)):
        kinds = {document.page_kind for document in documents}
        whole = len(kinds) == 1 and not any(part.lines for part in parts)
        return f"{len(weak)} of {len(parts)} {kinds.pop() if whole else 'part'}s"
    named = sorted(sorted(weak)[:_NAMED], key=lambda each: each[1:])
    texts = []
    for which, found in groupby(named, lambda each: each[1]):
        document = documents[which]
        text = write_parts(document, [number for _, _, number in found])
        texts.append(f"{text} of {document.document}" if len(documents) > 1 else text)
    others = len(weak) - len(named)
    return "; ".join(texts) + (f" and {others} others" if others else "")


def write_parts(document: Coverage, numbers: Sequence[int]) -> str:
    """Where some parts of a document are, in words: ``pages 12, 40-41``."""
    found = [(document.parts[first], document.parts[last]) for first, last in runs(numbers)]
    texts = [where(document, first, last) for first, last in found]
    kinds = {text.split(" ", 1)[0].removesuffix("s") for text in texts}
    if len(texts) == 1 or len(kinds) > 1 or any(", " in text for text in texts):
        return "; ".join(texts)
    return f"{kinds.pop()}s {', '.join(text.split(' ', 1)[1] for text in texts)}"


def where(document: Coverage, first: CoveredPart, last: CoveredPart | None = None) -> str:
    """Where a part of a document is, in words, or what is from one to another."""
    last = last or first
    if first.pages is None or last.pages is None:
        return written_range("line", (first.lines or (1, 1))[0], (last.lines or (1, 1))[1])
    kind, pages = document.page_kind or "page", (first.pages[0], last.pages[1])
    if first.lines is None or last.lines is None or pages[0] != pages[1]:
        return written_range(kind, *pages)
    return f"{kind} {pages[0]}, {written_range('line', first.lines[0], last.lines[1])}"


def print_coverage(documents: Sequence[Coverage], file: TextIO) -> None:
    """Print how much of each document, section and page is held: a table."""
    rows = [row for document in documents for row in _rows(document)]
    columns = ("document", "held of", "tokens", "a head, %", "any head, %", "recalled", "looked at")
    print_table(columns, rows, file=file)


def _rows(document: Coverage) -> Iterator[tuple[object, ...]]:
    name = document.document
    yield (name, "all", *_figures(document))
    for section in document.sections:
        yield (name, f"{section.label}: {where(document, section)}", *_figures(section))
    size = -(-len(document.parts) // _ROWS)
    for start in range(0, len(document.parts), max(size, 1)):
        parts = document.parts[start : start + size]
        text = where(document, parts[0], parts[-1])
        if len(parts) == 1 and parts[0].label:
            text += f" ({parts[0].label})"
        yield (name, text, *_figures(together(parts)))


def together(shares: Sequence[Share]) -> Share:
    """The share of stretches that do not overlap, as of one."""
    tokens = sum(share.tokens for share in shares)
    mean, union = (
        sum(getattr(share, name) * share.tokens for share in shares) / max(tokens, 1)
        for name in ("mean", "union")
    )
    recalled, looked = (
        sum(getattr(share, name) for share in shares) for name in ("recalled", "looked")
    )
    return Share(tokens, mean, union, recalled, looked)


def _figures(share: Share) -> tuple[object, ...]:
    held = (f"{100 * each:.1f}" for each in (share.mean, share.union))
    return share.tokens, *held, share.recalled, share.looked
