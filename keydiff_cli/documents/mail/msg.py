"""Messages of Outlook. Source: [MS-OXMSG], Outlook Item (.msg) File Format."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import IO, Any

from keydiff_cli.documents.byte_stream import ByteStream
from keydiff_cli.documents.composed import ComposedDocument
from keydiff_cli.documents.draft import Draft
from keydiff_cli.documents.mail.compressed_rtf import unpack_rtf
from keydiff_cli.documents.mail.letter import Attachment, Body, Letter, decoded, told, write_letter
from keydiff_cli.documents.mail.mime import MOST_BYTES
from keydiff_cli.documents.rtf.rtf import write_rtf

_SUBJECT, _BODY, _HTML, _RTF = 0x0037, 0x1000, 0x1013, 0x1009
_FROM, _FROM_ADDRESS, _FROM_SMTP = 0x0C1A, 0x0C1F, 0x5D01
_TO, _CC, _SENT, _RECEIVED, _CODE_PAGE = 0x0E04, 0x0E03, 0x0039, 0x0E06, 0x3FDE
_FILE_NAME, _SHORT_NAME, _SHOWN_NAME, _DATA = 0x3707, 0x3704, 0x3001, 0x3701
_UNICODE, _STRING, _BINARY, _TIME, _LONG = 0x001F, 0x001E, 0x0102, 0x0040, 0x0003
_ATTACHED, _PROPERTIES = "__attach_version1.0_#", "__properties_version1.0"
_DEEPEST = 10  # messages that are attached to each other


class OutlookMessage(ComposedDocument):
    """A message: its headers, its body, and what is attached as far as it can be read."""

    kind = "msg"
    what = "an Outlook message"

    def __init__(
        self, stream: ByteStream, opened: tuple[IO[bytes], str | None], compound: Any
    ) -> None:
        super().__init__(stream, opened)
        self._compound = compound

    def _compose(self) -> Iterator[None]:
        letter = _Item(self._compound, []).letter(0)
        warnings = yield from write_letter(self._draft, letter, self.depth)
        self.warnings += told(self.name, warnings)
        yield


class _Item:
    """A message or an attachment: a folder in a compound file, with properties."""

    def __init__(self, compound: Any, path: list[str]) -> None:
        self._compound, self._path = compound, path
        self._fixed = self._fixed_properties()

    def letter(self, depth: int) -> Letter:
        """What is to be read of the message."""
        letter = Letter()
        address = self._text(_FROM_SMTP) or self._text(_FROM_ADDRESS)
        sender = self._text(_FROM)
        if "@" in address and address != sender:
            sender = f"{sender} <{address}>" if sender else address
        headers = {
            "From": sender,
            "To": self._text(_TO),
            "Cc": self._text(_CC),
            "Date": self._time(),
            "Subject": self._text(_SUBJECT),
        }
        letter.headers = {name: value.strip("\0") for name, value in headers.items() if value}
        letter.bodies.append(self._forms())
        for folder in self._attachments():
            letter.attached.append(self._attachment(folder, depth))
        return letter

    def _forms(self) -> list[Body]:
        """The body in its forms, the best first."""
        forms = []
        if page := self._bytes(_HTML, _BINARY):
            forms.append(Body(page, is_page=True, charset=self._charset()))
        elif page := self._text(_HTML).encode("utf-8"):
            forms.append(Body(page, is_page=True, charset="utf-8"))
        if text := self._text(_BODY):
            forms.append(Body(text.replace("\r\n", "\n").encode("utf-8"), charset="utf-8"))
        elif rich := unpack_rtf(self._bytes(_RTF, _BINARY)):
            draft = Draft()
            for _ in write_rtf(draft, io.BytesIO(rich)):
                pass
            written = "".join(text for _, text in draft.take())
            forms.append(Body(written.encode("utf-8"), charset="utf-8"))
        return forms

    def _attachments(self) -> list[list[str]]:
        depth = len(self._path)
        found = {
            tuple(entry[: depth + 1])
            for entry in self._compound.listdir(streams=True, storages=False)
            if entry[:depth] == self._path and entry[depth].startswith(_ATTACHED)
        }
        return [list(path) for path in sorted(found)]

    def _attachment(self, path: list[str], depth: int) -> Attachment | Letter:
        item = _Item(self._compound, path)
        name = item._text(_FILE_NAME) or item._text(_SHORT_NAME) or item._text(_SHOWN_NAME)
        inner = [*path, f"__substg1.0_{_DATA:04X}000D"]
        if self._compound.exists("/".join([*inner, _PROPERTIES])) and depth < _DEEPEST:
            return _Item(self._compound, inner).letter(depth + 1)
        return Attachment(name.strip("\0"), item._bytes(_DATA, _BINARY) or None)

    def _bytes(self, tag: int, kind: int) -> bytes:
        """A property of variable length; nothing where there is none."""
        name = "/".join([*self._path, f"__substg1.0_{tag:04X}{kind:04X}"])
        if not self._compound.exists(name) or self._compound.get_size(name) > MOST_BYTES:
            return b""
        data: bytes = self._compound.openstream(name).read()
        return data

    def _text(self, tag: int) -> str:
        if data := self._bytes(tag, _UNICODE):
            return data.decode("utf-16-le", "replace")
        return decoded(self._bytes(tag, _STRING), self._charset())

    def _charset(self) -> str:
        page = struct.unpack("<I", self._fixed.get((_CODE_PAGE, _LONG), bytes(8))[:4])[0]
        name = {65001: "utf-8", 20127: "ascii", 28591: "latin-1", 28605: "iso8859-15"}.get(
            page, f"cp{page}"
        )
        try:
            "".encode(name)
        except LookupError:
            return "cp1252"
        return name

    def _time(self) -> str:
        data = self._fixed.get((_SENT, _TIME)) or self._fixed.get((_RECEIVED, _TIME))
        ticks = struct.unpack("<Q", data)[0] if data else 0  # of 100 ns, from 1601
        if not 0 < ticks < 1 << 61:
            return ""
        moment = datetime(1601, 1, 1) + timedelta(microseconds=ticks // 10)
        return f"{moment:%Y-%m-%d %H:%M} UTC"

    def _fixed_properties(self) -> dict[tuple[int, int], bytes]:
        """The properties of fixed length: their eight bytes by tag and type."""
        name = "/".join([*self._path, _PROPERTIES])
        if not self._compound.exists(name) or self._compound.get_size(name) > 1 << 20:
            return {}
        data = self._compound.openstream(name).read()
        header = 8 if self._path and self._path[-1].startswith(_ATTACHED) else 24
        header = header if self._path else 32
        return {
            (tag, kind): value
            for kind, tag, _, value in struct.iter_unpack(
                "<HHI8s", data[header : header + (len(data) - header) // 16 * 16]
            )
        }
