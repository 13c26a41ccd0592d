"""Maps of documents that were never read, as large as wanted."""

from __future__ import annotations

import numpy as np

from keydiff_cli.reading.mapping import Map
from keydiff_cli.render.coverage import together
from keydiff_cli.text.coverage import Coverage, CoveredPart

NASTY = '</script><script>document.title = "taken"</script><img src=http://a.example/b> & "it"'


def page(number: int, mean: float, recalled: int = 0, looked: int = 0) -> CoveredPart:
    label = "iv" if number == 4 else ""
    return CoveredPart(100, mean, 0.5, recalled, looked, label, (number, number), None)


def document(name: str, *parts: CoveredPart, kind: str | None = "page") -> Coverage:
    section = CoveredPart(100, 0.1, 0.4, 0, 0, f"Quays {NASTY}", (1, 1), None)
    sections = (section,) if kind else ()
    whole = vars(together(parts))
    return Coverage(**whole, document=name, page_kind=kind, parts=parts, sections=sections)


def made_map(
    pages: int = 8,
    *,
    layers: int = 2,
    heads: int = 2,
    question: str = "",
    name: str = "report.pdf",
    text_parts: int = 0,
) -> Map:
    """A map of a document whose first page is held as a whole, its last one not at all.

    Page 2 was recalled and page 3 read again, if there is a question. With ``text_parts`` there is
    a second document, without pages.
    """
    means = np.linspace(1, 0, pages)
    asked = bool(question)
    parts = [
        page(number, float(mean), 7 * asked * (number == 2), 9 * asked * (number == 3))
        for number, mean in enumerate(means, 1)
    ]
    documents = [document(name, *parts)]
    lines = [
        CoveredPart(100, 0.5, 0.6, 0, 0, "", None, (40 * at + 1, 40 * at + 40))
        for at in range(text_parts)
    ]
    if lines:
        documents.append(document("notes.txt", *lines, kind=None))
    every = np.concatenate([means, np.full(text_parts, 0.5)]).astype(np.float32)
    shares = np.tile(every, (layers * heads, 1))
    shares[: heads * (layers // 2)] *= 0.5
    attention = np.linspace(1, 3, len(every), dtype=np.float32) if asked else None
    beginnings = tuple(f"Page {at + 1} begins. {NASTY}"[:160] for at in range(len(every)))
    return Map(
        "toy", "keydiff", 128, tuple(documents), (heads,) * layers, shares, beginnings,
        question, attention,
    )  # fmt: skip
