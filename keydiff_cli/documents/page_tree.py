"""The pages of a PDF one after the other, with nothing kept of those before.

pypdf's own list of pages holds every page at once, and its cache holds every
object ever read. Here the page tree is walked with a stack, and the cache is
emptied every few pages.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pypdf import PageObject, PdfReader

MAXIMUM_DEPTH = 100
MAXIMUM_NODES = 200_000
_STEP = 16  # pages after which the cache of objects is emptied
_MOST_OBJECTS = 4000  # objects in the cache above which it is emptied earlier


@dataclass
class _Node:
    """An inner node of the page tree, with what its pages inherit."""

    kids: Iterator[Any]
    key: object
    resources: Any


@dataclass
class Leaf:
    """A page that is not read yet.

    Attributes
    ----------
    reference
        The reference to the page's object, or the object itself.
    resources
        The resources that the page inherits from the nodes above it, None without.
    """

    reference: Any
    resources: Any

    def page(self, reader: PdfReader) -> PageObject:
        """Read the page.

        Raises
        ------
        Exception
            Of any kind that pypdf raises, if the page is damaged.
        """
        from pypdf import PageObject
        from pypdf.errors import PdfReadError
        from pypdf.generic import DictionaryObject, NameObject

        node = self.reference.get_object()
        if not isinstance(node, DictionaryObject):
            raise PdfReadError("the page is missing")
        page = PageObject(reader, getattr(node, "indirect_reference", None))
        page.update(node)
        if "/Resources" not in page and self.resources is not None:
            page[NameObject("/Resources")] = self.resources
        return page


def count_pages(reader: PdfReader) -> int:
    """Count the pages by walking the tree, as the count that a PDF declares may be wrong.

    Raises
    ------
    Exception
        As :func:`walk_pages`.
    """
    pages = 0
    for pages, _ in enumerate(walk_pages(reader), 1):
        forget_objects(reader, pages)
    return pages


def forget_objects(reader: PdfReader, page: int) -> None:
    """Drop the objects that are no longer needed from the cache of pypdf, after each page.

    Streams, which are large, are dropped at once. The other objects are dropped every
    few pages: objects that are packed together are parsed together, which would be slow
    to do for each page anew. The note that an object is missing stays, since pypdf
    searches the whole file to find that out.

    Parameters
    ----------
    reader : PdfReader
        The reader with the cache.
    page : int
        The number of the page that was read last, counted from 1.
    """
    from pypdf.generic import NullObject, StreamObject

    cache = reader.resolved_objects
    drop_all = page % _STEP == 0 or len(cache) > _MOST_OBJECTS
    for key, value in list(cache.items()):
        if isinstance(value, StreamObject) or (
            drop_all and value is not None and not isinstance(value, NullObject)
        ):
            del cache[key]


def walk_pages(reader: PdfReader) -> Iterator[Leaf]:
    """Yield the pages in order, damaged ones too.

    Raises
    ------
    LimitReachedError
        If the tree has more than ``MAXIMUM_NODES`` nodes or ``MAXIMUM_DEPTH`` levels.
    PdfReadError
        If there is no tree, or it runs in a circle; or another error of pypdf.
    """
    from pypdf.errors import LimitReachedError, PdfReadError
    from pypdf.generic import DictionaryObject

    root = reader.root_object["/Pages"].get_object()
    if not isinstance(root, DictionaryObject):
        raise PdfReadError("there is no page tree")
    stack = [_enter(root, None, None)]
    nodes = 0
    while stack:
        kid: Any = next(stack[-1].kids, None)
        if kid is None:
            stack.pop()
            continue
        nodes += 1
        if nodes > MAXIMUM_NODES or len(stack) > MAXIMUM_DEPTH:
            raise LimitReachedError("the page tree is too large")
        resources = stack[-1].resources
        try:
            node = kid.get_object()
            inner = isinstance(node, DictionaryObject) and "/Kids" in node
        except Exception:
            inner = False
        if not inner:
            yield Leaf(kid, resources)
            continue
        key = _key(kid)
        if any(above.key == key for above in stack):
            raise PdfReadError("the page tree runs in a circle")
        stack.append(_enter(node, key, resources))


def _enter(node: Any, key: object, resources: Any) -> _Node:
    """Begin an inner node; ``resources`` are those of the nodes above it."""
    kids = node.get("/Kids")
    kids = kids.get_object() if kids is not None else None
    if not isinstance(kids, list):
        kids = [node] if kids is None else []  # a tree may be a single page
    return _Node(iter(kids), key, node.get("/Resources", resources))


def _key(kid: Any) -> object:
    """Return what tells a node from all others, to notice a tree that runs in a circle."""
    return (kid.idnum, kid.generation) if hasattr(kid, "idnum") else id(kid)
