"""Notebooks of Jupyter: cells and what they gave, as text."""

from __future__ import annotations

import json
import re
import string
from collections.abc import Iterator
from typing import IO, Any

from keydiff_cli.documents.byte_stream import CHUNK, ByteStream
from keydiff_cli.documents.composed import ComposedDocument
from keydiff_cli.documents.markdown_headings import headings
from keydiff_cli.documents.outline import Heading
from keydiff_cli.errors import DocumentError
from keydiff_cli.system.sizes import format_size
from keydiff_cli.system.terminal import Sanitizer

MOST_BYTES = 128 << 20  # of a notebook, without its pictures
# Data in base64, as in pictures, with the line ends that JSON writes as \n. The beginning stays,
# since it may belong to a character that is escaped, as in \u00e9. It is looked for once in a run
# of these characters: one that is too short would be looked at anew from each of them.
_ENCODED = re.compile(rb"(?<![A-Za-z0-9+/=])([A-Za-z0-9+/=]{5})(?:[A-Za-z0-9+/=]|\\n){2000,}")
_ALPHABET = (string.ascii_letters + string.digits + "+/=\\").encode()
_KEPT = rb"\1(data)"
_TEXTS = ("text/markdown", "text/latex", "text/plain")
_PICTURES = ("image/png", "image/jpeg", "image/svg+xml", "image/gif", "application/pdf")


class Notebook(ComposedDocument):
    """A notebook, cell by cell; its pictures are left out before they take memory."""

    kind = "ipynb"
    what = "a notebook"
    unit = "cells"
    page_kind = "cell"

    def __init__(self, stream: ByteStream) -> None:
        super().__init__(stream)
        self._cells = self._load()
        self.pages = self.total = len(self._cells)

    def _load(self) -> list[Any]:
        data = _without_pictures(self._file, self.name)
        try:
            notebook = json.loads(data)
            cells = notebook.get("cells")
            if cells is None:  # of version 3
                cells = [cell for sheet in notebook["worksheets"] for cell in sheet["cells"]]
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise self._damaged(error) from error
        cells = [cell for cell in cells if isinstance(cell, dict)]
        if not cells:
            raise DocumentError(f"{self.name} is a notebook without cells")
        return cells

    def _compose(self) -> Iterator[None]:
        for number, cell in enumerate(self._cells, start=1):
            kind = str(cell.get("cell_type", ""))
            self._draft.begin_page(number, {"code": "code", "heading": "heading"}.get(kind, "text"))
            source = _joined(cell.get("source", cell.get("input")))
            if kind == "heading":
                self._draft.heading(source, int(cell.get("level", 1)))
            else:
                if kind == "markdown":
                    self._outline(source, number)
                self._draft.write(source.strip("\n"))
            for output in cell.get("outputs", None) or []:
                if isinstance(output, dict):
                    self._output(output)
            self._draft.leave_out("pictures", len(cell.get("attachments", None) or {}))
            yield

    def _outline(self, source: str, number: int) -> None:
        for line, title, level in headings(source.strip("\n").split("\n")):
            self._draft.outline.append(Heading(title, level, number, line))

    def _output(self, output: dict[str, Any]) -> None:
        kind = output.get("output_type")
        if kind in ("pyerr", "error"):
            text = f"{output.get('ename', '')}: {output.get('evalue', '')}"
        elif kind == "stream":
            text = _joined(output.get("text"))
        else:
            data = output.get("data", output)
            data = data if isinstance(data, dict) else {}
            shown = next((data[name] for name in _TEXTS if data.get(name)), data.get("text"))
            pictures = any(name in data for name in _PICTURES) or "png" in data
            self._draft.leave_out("pictures", int(pictures))
            text = "" if pictures and _joined(shown).startswith("<") else _joined(shown)
        text = _shown(text)
        if text.strip():
            self._draft.write("Output:")
            self._draft.write(text)


def _without_pictures(file: IO[bytes], name: str) -> bytes:
    """The bytes of a notebook without long stretches of base64."""
    parts, size, rest = list[bytes](), 0, b""
    file.seek(0)
    while chunk := file.read(CHUNK):
        data = _ENCODED.sub(_KEPT, rest + chunk)
        keep = len(data) - len(data.rstrip(_ALPHABET))
        keep = keep if keep < CHUNK else 0
        rest = data[len(data) - keep :] if keep else b""
        parts.append(data[: len(data) - keep])
        size += len(parts[-1])
        if size > MOST_BYTES:
            raise DocumentError(
                f"{name} is a notebook of more than {format_size(MOST_BYTES)}; "
                "clear its outputs first"
            )
    return b"".join([*parts, _ENCODED.sub(_KEPT, rest)])


def _joined(source: Any) -> str:
    """A text that may be given as a list of its lines."""
    if isinstance(source, list):
        return "".join(part for part in source if isinstance(part, str))
    return source if isinstance(source, str) else ""


def _shown(text: str) -> str:
    """What a terminal shows of an output: lines that overwrite themselves as they end up."""
    lines = (line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n"))
    return Sanitizer()("\n".join(lines)).strip("\n")
