"""Forms in XFA: a PDF whose pages are made by a program from XML, which pages do not show."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

if TYPE_CHECKING:
    from pypdf import PdfReader

MAXIMUM_BYTES = 4_000_000  # of the packet with the data
MAXIMUM_FIELDS = 20_000
_DATA = "datasets"  # name of the packet


def has_only_xfa(reader: PdfReader) -> bool:
    """Tell whether a PDF has an XFA form without form fields that show its data as well."""
    form = _form(reader)
    fields = _resolve(form.get("/Fields"))
    return "/XFA" in form and not (isinstance(fields, list) and fields)


def read_xfa(reader: PdfReader) -> list[str]:
    """Read the data of an XFA form.

    Returns
    -------
    list of str
        "name: value" of each field that is filled.

    Raises
    ------
    Exception
        Of any kind, if there is no data, it is damaged or too large, or declares entities.
    """
    data = _packet(_resolve(_form(reader)["/XFA"]))
    if len(data) > MAXIMUM_BYTES or b"<!" in data.replace(b"<!--", b"").replace(b"<![CDATA[", b""):
        raise ValueError("the form is too large, or declares what it should not")
    return list(_values(ElementTree.fromstring(data)))


def _packet(xfa: Any) -> bytes:
    """Return the packet with the data: one of a list of packets, or all in one stream."""
    if not isinstance(xfa, list):
        return bytes(xfa.get_data())
    for name, packet in zip(xfa[::2], xfa[1::2], strict=False):
        if _resolve(name) == _DATA:
            return bytes(_resolve(packet).get_data())
    raise ValueError("the form has no data")


def _values(root: ElementTree.Element) -> Iterator[str]:
    """Yield the leaves below the data of the form, as the form names them."""
    data = next((node for node in root.iter() if _name(node) == "data"), None)
    if data is None:
        raise ValueError("the form has no data")
    for count, node in enumerate(data.iter()):
        if count > MAXIMUM_FIELDS:
            raise ValueError("the form is too large")
        text = " ".join((node.text or "").split())
        if text:
            yield f"{_name(node)}: {text}"


def _name(node: ElementTree.Element) -> str:
    """Return the name of an element without its namespace."""
    return node.tag.rpartition("}")[2] if isinstance(node.tag, str) else ""


def _form(reader: PdfReader) -> Any:
    """Return the dictionary of the form; an empty one without."""
    form = _resolve(reader.root_object.get("/AcroForm"))
    return form if hasattr(form, "get") else {}


def _resolve(value: Any) -> Any:
    return value.get_object() if value is not None else None
