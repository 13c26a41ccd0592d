"""Which document a compound file of Microsoft's is (OLE2, [MS-CFB]), told by what is in it."""

from __future__ import annotations

from keydiff_cli.documents.byte_stream import ByteStream
from keydiff_cli.documents.document import Document
from keydiff_cli.errors import DocumentError

_AS_NEW = "save it in the new format ({}) or as PDF"
_OLD = {
    "WordDocument": ("an old Word document", "docx"),
    "Workbook": ("an old Excel workbook", "xlsx"),
    "Book": ("an old Excel workbook", "xlsx"),
    "PowerPoint Document": ("an old PowerPoint presentation", "pptx"),
}


def open_compound(stream: ByteStream) -> Document:
    """Open a message of Outlook; DocumentError for other compound files, and damaged ones."""
    import olefile

    from keydiff_cli.documents.mail.msg import OutlookMessage

    opened = stream.seekable_file()
    try:
        compound = olefile.OleFileIO(opened[0])
        names = {parts[0] for parts in compound.listdir(streams=True, storages=False)}
    except Exception as error:
        raise DocumentError(
            f"{stream.name} looks like an old Office document, and is damaged; save it as PDF or "
            "text"
        ) from error
    if "__properties_version1.0" in names:
        return OutlookMessage(stream, opened, compound)
    if names & {"EncryptedPackage", "EncryptionInfo"}:
        raise DocumentError(f"{stream.name} needs a password; save it without one first")
    for name, (what, new) in _OLD.items():
        if name in names:
            raise DocumentError(f"{stream.name} looks like {what}; {_AS_NEW.format(new)}")
    raise DocumentError(f"{stream.name} looks like an old Office document; save it as PDF or text")
