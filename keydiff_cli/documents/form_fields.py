"""The text filled into the form fields of a PDF page, which is no part of its contents."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from keydiff_cli.documents.page_tree import forget_objects
from keydiff_cli.documents.pdf_guard import MAXIMUM_TEXT, limit

if TYPE_CHECKING:
    from pypdf import PageObject, PdfReader

_MOST_PARENTS = 16  # fields above a field that are asked for what it inherits
_STEP = 100  # annotations read before the cache of objects is looked at again
_TEXT_FIELDS = ("/Tx", "/Ch")  # text and choices; the others are buttons and signatures


def filled_fields(page: PageObject, reader: PdfReader) -> Iterator[str]:
    """Yield "name: value" for each filled text field or choice on a page.

    A damaged field is passed over, as the page itself can still be read.

    Parameters
    ----------
    page : PageObject
        A page of pypdf.
    reader : PdfReader
        The reader of the page, whose cache of objects is emptied now and then.

    Raises
    ------
    MemoryError
        If the text of the fields is longer than ``MAXIMUM_TEXT`` characters.
    """
    total = 0
    annotations = _resolve(page.get("/Annots"))
    for number, annotation in enumerate(annotations if isinstance(annotations, list) else [], 1):
        try:
            line = _filled(_resolve(annotation))
        except Exception:
            line = ""
        if number % _STEP == 0:
            forget_objects(reader, number)
        total += len(line)
        limit(total, MAXIMUM_TEXT)
        if line:
            yield line


def _filled(widget: Any) -> str:
    """Return "name: value" of a form field; empty if nothing is filled in."""
    if widget.get("/Subtype") != "/Widget" or _inherited(widget, "/FT") not in _TEXT_FIELDS:
        return ""
    value = _inherited(widget, "/V")
    values = [_text(_resolve(item)) for item in (value if isinstance(value, list) else [value])]
    text = ", ".join(filter(None, values))
    name = _text(_inherited(widget, "/TU")) or _text(_inherited(widget, "/T"))
    return f"{name}: {text}" if name and text else text


def _inherited(field: Any, key: str) -> Any:
    """Look a key up in a field, else in the fields above it; None if no field has it."""
    for _ in range(_MOST_PARENTS):
        if key in field:
            return _resolve(field[key])
        field = _resolve(field.get("/Parent"))
        if field is None:
            break
    return None


def _text(value: Any) -> str:
    """Return a string object as text without white space around it; empty for anything else."""
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    return value.strip() if isinstance(value, str) else ""


def _resolve(value: Any) -> Any:
    """Follow a reference to the object it stands for."""
    return value.get_object() if value is not None else None
