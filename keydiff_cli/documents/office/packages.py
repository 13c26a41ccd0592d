"""Which document a zip file is, told by what is in it."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import cast

from keydiff_cli.documents.byte_stream import ByteStream
from keydiff_cli.documents.document import Document
from keydiff_cli.documents.office.relations import related
from keydiff_cli.documents.xml_events import START
from keydiff_cli.documents.zipped import Archive
from keydiff_cli.errors import DocumentError

_Opener = Callable[[ByteStream, Archive, str], Document]

# The content types of main parts, without their beginning, and who reads the document.
_OFFICE = {
    "wordprocessingml": "office.docx.WordDocument",
    "presentationml": "office.pptx.Presentation",
    "spreadsheetml": "office.xlsx.Workbook",
    "ms-word": "office.docx.WordDocument",
    "ms-powerpoint": "office.pptx.Presentation",
    "ms-excel": "office.xlsx.Workbook",
}
_MIMETYPES = {
    "application/epub+zip": "web.epub.Book",
    "application/vnd.oasis.opendocument.text": "office.odf.TextDocument",
    "application/vnd.oasis.opendocument.spreadsheet": "office.odf.Sheets",
    "application/vnd.oasis.opendocument.presentation": "office.odf.Slides",
}
_MAIN_PARTS = {  # where nothing says what the document is
    "word/document.xml": "office.docx.WordDocument",
    "ppt/presentation.xml": "office.pptx.Presentation",
    "xl/workbook.xml": "office.xlsx.Workbook",
    "META-INF/container.xml": "web.epub.Book",
}


def open_package(stream: ByteStream) -> Document:
    """Open a document that is a zip file.

    Raises
    ------
    DocumentError
        If it is damaged, has a password, or is a zip file of another kind.
    """
    archive = Archive(stream)
    try:
        reader, part = _reader(archive, stream.name)
        return reader(stream, archive, part)
    except DocumentError:
        raise
    except Exception as error:
        raise DocumentError(
            f"{stream.name} is damaged and cannot be read ({type(error).__name__}); get it again, "
            "or save it as PDF"
        ) from error


def _reader(archive: Archive, name: str) -> tuple[_Opener, str]:
    """Who reads a document, and its main part; DocumentError where nobody does."""
    if mimetype := _mimetype(archive):
        kind = mimetype.removesuffix("-template").removesuffix("-master").removesuffix("-web")
        if kind in _MIMETYPES:
            return _load(_MIMETYPES[kind]), ""
        if kind.startswith("application/vnd.oasis"):
            raise DocumentError(
                f"{name} is an OpenDocument file of a kind that is not read; save it as PDF"
            )
    main = related(archive, "", "officeDocument")
    for part in main:
        for beginning, reader in _OFFICE.items():
            if beginning in _content_type(archive, part):
                return _load(reader), part
    for part, reader in _MAIN_PARTS.items():
        if part in archive:
            return _load(reader), part
    if "xl/workbook.bin" in archive:
        raise DocumentError(f"{name} is a binary Excel workbook (xlsb); save it as xlsx")
    raise DocumentError(f"{name} looks like a zip archive; unpack it first")


def _mimetype(archive: Archive) -> str:
    """What a document says it is, in a member of its own or in its manifest; may be empty."""
    said = ""
    if "mimetype" in archive and archive.size("mimetype") < 200:
        said = archive.read("mimetype").decode("latin-1").strip()
    return said or next(
        (
            event.attributes.get("manifest:media-type", "")
            for event in archive.events("META-INF/manifest.xml")
            if event.attributes.get("manifest:full-path") == "/"
        ),
        "",
    )


def _content_type(archive: Archive, part: str) -> str:
    """The content type of a part; its name where nothing says it."""
    for event in archive.events("[Content_Types].xml"):
        values = event.attributes
        if event.what == START and values.get("PartName", "").lstrip("/") == part:
            return values.get("ContentType", "")
    return part


def _load(reader: str) -> _Opener:
    module, _, name = reader.rpartition(".")
    return cast(_Opener, getattr(import_module(f"keydiff_cli.documents.{module}"), name))
