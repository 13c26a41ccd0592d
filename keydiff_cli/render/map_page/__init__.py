"""A map of what the cache holds as one HTML page that loads nothing."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Sequence
from html import escape
from importlib.resources import files
from typing import Any

import numpy as np

from keydiff_cli.reading.mapping import Map
from keydiff_cli.render.coverage import together, weakest_parts, where
from keydiff_cli.render.map_grid import (
    axis_name,
    grid_of,
    number_of,
    part_owners,
    percent,
    summary,
)
from keydiff_cli.system.terminal import printable
from keydiff_cli.text.coverage import Coverage, CoveredPart, Share

_MOST = 4000  # columns; more parts are put together
_TABLED = 200  # documents and sections in the tables


def map_page(drawn: Map) -> bytes:
    """The page: HTML in UTF-8, with style, script and data in it."""
    title, *facts = (printable(text) for text in summary(drawn))
    if weakest := weakest_parts(drawn.documents):
        facts.append(printable(f"Held least: {weakest}"))
    parts = {
        "title": escape(title),
        "facts": "\n".join(f'<p class="facts">{escape(fact)}</p>' for fact in facts),
        "tables": "\n".join(_tables(drawn)),
        "style": _text("style.css"),
        "script": _text("page.js"),
        "data": _inline(_data(drawn)),
    }
    page = re.sub(r"{{(\w+)}}", lambda name: parts[name[1]], _text("page.html"))
    return f"{page}\n".encode("utf-8", "replace")


def _text(name: str) -> str:
    return files(__name__).joinpath(name).read_text(encoding="utf-8").strip()


def _inline(value: object) -> str:
    """A value as JSON within HTML: nothing in it can end the element that it is in."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _data(drawn: Map) -> dict[str, Any]:
    """What the script draws."""
    grid = grid_of(drawn, _MOST)
    owners = part_owners(drawn.documents)
    names = [document.document for document in drawn.documents]
    numbers = {id(document): number for number, document in enumerate(drawn.documents)}
    columns = []
    for at, (first, last) in enumerate(grid.columns):
        document, part = owners[first]
        ends = [each for owner, each in owners[first : last + 1] if owner is document]
        attention = None if grid.attention is None else round(1 + float(grid.attention[at]), 2)
        columns.append(
            {
                "document": numbers[id(document)],
                "where": where(document, part, ends[-1]),
                "tick": number_of(part),
                "label": printable(part.label) if len(ends) == 1 else "",
                **_figures(together([each for _, each in owners[first : last + 1]])),
                "attention": attention,
                "text": printable(drawn.beginnings[first]),
            }
        )
    return {
        "heads": drawn.heads,
        "shares": _roots(drawn, grid.columns),
        "top": round(grid.top, 4),
        "question": drawn.question,
        "documents": [printable(name) for name in names],
        "unit": axis_name(drawn),
        "parts": columns,
        "strips": [
            {"name": name, "values": np.round(values, 3).astype(float).tolist()}
            for name, values in grid.strips
        ],
    }


def _roots(drawn: Map, columns: Sequence[tuple[int, int]]) -> str:
    """The square roots of the shares of all heads, as bytes in base64: small ones stay apart."""
    starts = [first for first, _ in columns]
    sizes = np.diff([*starts, drawn.shares.shape[1]])
    shares = np.add.reduceat(drawn.shares, starts, axis=1) / sizes
    roots = np.round(255 * np.sqrt(np.clip(shares, 0, 1))).astype(np.uint8)
    return base64.b64encode(roots.tobytes()).decode()


def _figures(share: Share) -> dict[str, Any]:
    figures = vars(share) | {"mean": round(share.mean, 4), "union": round(share.union, 4)}
    return {name: figures[name] for name in ("tokens", "mean", "union", "recalled", "looked")}


def _tables(drawn: Map) -> Iterator[str]:
    """Documents and their sections as tables, which are read without the script, and in print."""
    sought = bool(drawn.question)
    rows = [_row(document.document, document, sought) for document in drawn.documents]
    yield _table("Documents", "document", rows[:_TABLED], sought)
    sections = [
        _row(_section(document, section, len(drawn.documents) > 1), section, sought)
        for document in drawn.documents
        for section in document.sections
    ]
    if sections:
        yield _table("Sections", "section", sections[:_TABLED], sought)


def _section(document: Coverage, section: CoveredPart, named: bool) -> str:
    place = f"{section.label}: {where(document, section)}"
    return f"{document.document}, {place}" if named else place


def _row(name: str, share: Share, sought: bool) -> str:
    cells = [printable(name), str(share.tokens), percent(share.mean), percent(share.union)]
    if sought:
        cells += [str(share.recalled), str(share.looked)]
    return "<tr>" + "".join(map("<td>{}</td>".format, map(escape, cells))) + "</tr>"


def _table(caption: str, first: str, rows: Sequence[str], sought: bool) -> str:
    names = [first, "tokens", "a head", "any head", *(["recalled", "read again"] * sought)]
    head = "".join(map('<th scope="col">{}</th>'.format, names))
    return (
        f'<div class="wide"><table><caption>{caption}</caption><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )
