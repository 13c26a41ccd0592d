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
_STEP = 16  # pages between two emptyings of the cache
_MOST_OBJECTS = 4000  # in the cache; it is emptied earlier if there are more


@dataclass
class _Node:
    """An inner node of the page tree, with what its pages inherit."""

    kids: Iterator[Any]
    key: object
    resources: Any


@dataclass
class Leaf:
    """A page not yet read: its reference, and the resources its parents give it."""

    reference: Any
    resources: Any

    def page(self, reader: PdfReader) -> PageObject:
        """Read the page; raises one error or another if it is damaged."""
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
    """Count the pages by walking the tree; the count a PDF declares may be wrong."""
    pages = 0
    for pages, _ in enumerate(walk_pages(reader), 1):
        forget_objects(reader, pages)
    return pages


def forget_objects(reader: PdfReader, page: int) -> None:
    """Drop what is no longer needed from the cache of objects, after each page.

    Streams, which are large, go at once. The rest goes every few pages: objects
    packed together are parsed together, which is slow to do for each page anew.
    Objects found missing stay, since to find that out pypdf searches the whole file.
    """
    from pypdf.generic import NullObject, StreamObject

    cache = reader.resolved_objects
    every = page % _STEP == 0 or len(cache) > _MOST_OBJECTS
    for key, value in list(cache.items()):
        if isinstance(value, StreamObject) or (
            every and value is not None and not isinstance(value, NullObject)
        ):
            del cache[key]


def walk_pages(reader: PdfReader) -> Iterator[Leaf]:
    """Yield the pages in order, damaged ones too; raises if the tree itself is damaged."""
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
    kids = node.get("/Kids")
    kids = kids.get_object() if kids is not None else None
    # A tree may be a single page.
    items = iter(kids) if isinstance(kids, list) else iter([node] if kids is None else [])
    return _Node(items, key, node.get("/Resources", resources))


def _key(kid: Any) -> object:
    return (kid.idnum, kid.generation) if hasattr(kid, "idnum") else id(kid)
