"""XML as it streams by: nothing is fetched, no entity is declared, nothing is held."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO, NamedTuple
from xml.parsers import expat

from keydiff_cli.errors import DocumentError

_CHUNK = 64 * 1024  # bytes parsed at a time
_MOST_SILENT = 32 << 20  # bytes of a single tag or comment, which the parser holds
START, END, TEXT = 0, 1, 2

# Parts of namespaces, without the years in them, which differ between editions of a standard.
_SPACES = {
    "wordprocessingml/main": "w",
    "drawingml/main": "a",
    "presentationml/main": "p",
    "spreadsheetml/main": "x",
    "officeDocument/relationships": "r",
    "package/relationships": "rel",
    "officeDocument/math": "m",
    "drawingml/wordprocessingDrawing": "wp",
    "drawingml/picture": "pic",
    "drawingml/chart": "c",
    "drawingml/diagram": "dgm",
    "markup-compatibility": "mc",
    "urn:schemas-microsoft-com:vml": "v",
    "urn:schemas-microsoft-com:office:office": "o",
    "opendocument:xmlns:text:1.0": "text",
    "opendocument:xmlns:table:1.0": "table",
    "opendocument:xmlns:office:1.0": "office",
    "opendocument:xmlns:drawing:1.0": "draw",
    "opendocument:xmlns:style:1.0": "style",
    "opendocument:xmlns:presentation:1.0": "presentation",
    "opendocument:xmlns:svg-compatible:1.0": "svg",
    "opendocument:xmlns:manifest:1.0": "manifest",
    "purl.org/dc/elements/1.1/": "dc",
    "www.idpf.org/opf": "opf",
    "opendocument:xmlns:container": "container",
    "www.daisy.org/z3986/ncx/": "ncx",
    "www.w3.org/04/xmlenc#": "enc",
}
_YEAR = re.compile(r"/(?:19|20)\d\d(?=/|$)")


class Event(NamedTuple):
    """What comes next in XML.

    Attributes
    ----------
    what
        ``START``, ``END`` or ``TEXT``.
    name
        Of the element, such as ``w:p``: a short name for its namespace, and its own.
    attributes
        Of the element that starts, with names like those of elements.
    text
        The text.
    """

    what: int
    name: str
    attributes: dict[str, str]
    text: str


_NONE: dict[str, str] = {}


class _Names(dict[str, str]):
    """The short names of those that came by."""

    def __missing__(self, name: str) -> str:
        self[name] = short = _short(name)
        return short


def xml_events(file: IO[bytes], name: str) -> Iterator[Event]:
    """Parse XML from a binary file that is part of the document of that name.

    Raises
    ------
    DocumentError
        Where it declares entities, which may expand without end, or has a tag without end.
    xml.parsers.expat.ExpatError
        Where it is not well formed.
    """
    events: list[Event] = []
    names = _Names()
    add, make = events.append, Event._make
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.buffer_size = _CHUNK

    def start(element: str, attributes: dict[str, str]) -> None:
        plain = {names[key]: value for key, value in attributes.items()} if attributes else _NONE
        add(make((START, names[element], plain, "")))

    def end(element: str) -> None:
        add(make((END, names[element], _NONE, "")))

    def text(data: str) -> None:
        add(make((TEXT, "", _NONE, data)))

    def refuse(*declared: object) -> None:
        raise DocumentError(
            f"{name} is not read: its XML declares entities, which are not expanded, since they "
            "may be an attack"
        )

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler, parser.EntityDeclHandler = text, refuse
    final, silent = False, 0
    while not final:
        data = file.read(_CHUNK)
        final = not data
        parser.Parse(data, final)
        silent = 0 if events else silent + len(data)
        if silent > _MOST_SILENT:
            raise DocumentError(f"{name} is not read: a tag or comment in its XML has no end")
        yield from events
        events.clear()


def _short(name: str) -> str:
    """Shorten the namespace in a name of expat's."""
    space, _, local = name.rpartition(" ")
    if not space:
        return local
    space = _YEAR.sub("", space)
    known = next((short for part, short in _SPACES.items() if part in space), "")
    return f"{known}:{local}" if known else f"?:{local}"
