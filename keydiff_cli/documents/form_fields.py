"""What is filled into the form fields of a PDF page, which is no part of its contents."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from keydiff_cli.documents.page_tree import forget_objects
from keydiff_cli.documents.pdf_guard import MAXIMUM_TEXT, limit

if TYPE_CHECKING:
    from pypdf import PageObject, PdfReader

_MOST_PARENTS = 16  # fields above a field that are asked for what it inherits
_STEP = 100  # annotations read before the cache of objects is looked at again
_PUSH_BUTTON = 1 << 16  # flag of a button that only does something
_RADIO_BUTTON = 1 << 15  # flag of a button that is one of a group


@dataclass
class Fields:
    """The form fields of a page.

    Attributes
    ----------
    lines : list of str
        "name: value" of each field that is filled, and of each box whether it is ticked.
    damaged : int
        How many fields cannot be read; the page itself still can.
    """

    lines: list[str] = field(default_factory=list)
    damaged: int = 0


def read_fields(page: PageObject, reader: PdfReader) -> Fields:
    """Read the fields of a page.

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
    fields = Fields()
    total = 0
    annotations = _resolve(page.get("/Annots"))
    for number, annotation in enumerate(annotations if isinstance(annotations, list) else [], 1):
        try:
            line = _filled(_resolve(annotation))
        except Exception:
            line = ""
            fields.damaged += 1
        if number % _STEP == 0:
            forget_objects(reader, number)
        total += len(line)
        limit(total, MAXIMUM_TEXT)
        if line:
            fields.lines.append(line)
    return fields


def _filled(widget: Any) -> str:
    """Return "name: value" of a form field; empty if nothing is filled in."""
    if widget.get("/Subtype") != "/Widget":
        return ""
    kind = _inherited(widget, "/FT")
    if kind == "/Btn":
        text = _button(widget)
    elif kind in ("/Tx", "/Ch"):
        value = _inherited(widget, "/V")
        shown = _shown_texts(widget) if kind == "/Ch" else {}
        values = [_text(_resolve(item)) for item in (value if isinstance(value, list) else [value])]
        text = ", ".join(shown.get(item, item) for item in values if item)
    else:  # a signature
        return ""
    name = _text(_inherited(widget, "/TU")) or _text(_inherited(widget, "/T"))
    return f"{name}: {text}" if name and text else text


def _shown_texts(widget: Any) -> dict[str, str]:
    """Map what a choice exports to what it shows, where these differ."""
    options = _inherited(widget, "/Opt")
    pairs = [_resolve(option) for option in options] if isinstance(options, list) else []
    return {
        _text(_resolve(pair[0])): _text(_resolve(pair[1]))
        for pair in pairs
        if isinstance(pair, list) and len(pair) == 2
    }


def _button(widget: Any) -> str:
    """Return "yes" or "no" for a box, the choice for the button of a group that is chosen."""
    flags = _inherited(widget, "/Ff")
    flags = flags if isinstance(flags, int) else 0
    if flags & _PUSH_BUTTON:
        return ""
    state = _resolve(widget.get("/AS")) or _inherited(widget, "/V") or "/Off"
    ticked = isinstance(state, str) and state != "/Off"
    one_of_many = flags & _RADIO_BUTTON or ("/T" not in widget and "/Parent" in widget)
    if not one_of_many:
        return "yes" if ticked else "no"
    if not ticked:
        return ""
    chosen = state[1:] if state.startswith("/") else state
    options = _inherited(widget, "/Opt")
    if isinstance(options, list) and chosen.isdecimal() and int(chosen) < len(options):
        chosen = _text(_resolve(options[int(chosen)]))
    return chosen.strip()


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
