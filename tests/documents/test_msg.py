"""Messages of Outlook, and the other compound files of Office."""

from __future__ import annotations

import struct

import pytest
from compound_files import Folder, compound
from document_helpers import piped, read, refusal, text_of

from keydiff_cli.documents import LeftOut
from keydiff_cli.documents.mail.compressed_rtf import unpack_rtf

_PROPERTIES, _ATTACHED = "__properties_version1.0", "__attach_version1.0_#0000000"


def _text(tag: int, text: str) -> dict[str, bytes]:
    return {f"__substg1.0_{tag:04X}001F": text.encode("utf-16-le")}


def _message(head: int = 32, **more: Folder | bytes) -> Folder:
    sent = struct.pack("<HHIQ", 0x40, 0x39, 0, 133_480_000_000_000_000)
    names = {_PROPERTIES: bytes(head) + sent, **_text(0x37, "Vertrag"), **_text(0x0C1A, "Ada")}
    return {**names, **_text(0x5D01, "ada@example.org"), **_text(0x0E04, "Bø"), **more}


_HEAD = "From: Ada <ada@example.org>\nTo: Bø\nDate: 2023-12-25 17:46 UTC\nSubject: Vertrag\n\n"


def test_headers_and_a_long_body() -> None:
    document = piped(compound(_message(**_text(0x1000, "On 4 May\r\n" * 900))))
    assert read(document) == _HEAD + "On 4 May\n" * 900
    assert (document.kind, document.warnings) == ("msg", [])


def test_a_page_as_body() -> None:
    page = {"__substg1.0_10130102": "<p>4,711 €</p>".encode("cp1252")}
    assert text_of(compound(_message(**page, **_text(0x1000, "no")))) == _HEAD + "4,711 €\n"


def test_code_pages() -> None:
    def message(page: int, tag: int, data: bytes) -> bytes:
        said = bytes(32) + struct.pack("<HHIQ", 3, 0x3FDE, 0, page)
        return compound({_PROPERTIES: said, f"__substg1.0_{tag:04X}001E": data})

    assert text_of(message(950, 0x1000, "格式測試".encode("cp950"))) == "格式測試\n"
    # A page that is kept as a text, and a code page that is not true.
    assert text_of(message(950, 0x1013, "<p>格式測試".encode("cp950"))) == "格式測試\n"
    assert text_of(message(65001, 0x1000, "für über".encode("cp1252"))) == "für über\n"


def test_what_is_attached() -> None:
    attached: Folder = {
        f"{_ATTACHED}0": {
            _PROPERTIES: bytes(8),
            **_text(0x3707, "minutes.txt"),
            "__substg1.0_37010102": b"The board approved it.\n",
        },
        f"{_ATTACHED}1": {
            _PROPERTIES: bytes(8),
            "__substg1.0_3701000D": _message(24, **_text(0x1000, "In")),
        },
        f"{_ATTACHED}2": {_PROPERTIES: bytes(8), **_text(0x3704, "P.PNG")},
    }
    document = piped(compound(_message(**_text(0x1000, "x"), **attached)))
    assert read(document) == (
        f"{_HEAD}x\n\n[Attachment: minutes.txt]\nThe board approved it.\n\n[Attached message]\n"
        f"{_HEAD}In\n\n[Attachment: P.PNG, not read]\n"
    )
    assert document.left_out == [LeftOut(None, "attachments", 1)]


def test_a_body_in_packed_rich_text() -> None:
    # The example of [MS-OXRTFCP], section 4.1.1.
    packed = bytes.fromhex(
        "2d0000002b0000004c5a4675f1c5c7a703000a00726370673132354232"
        "0af32068656c090020627705b06c647d0a800fa0"
    )
    assert unpack_rtf(packed) == b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"
    body = {"__substg1.0_10090102": packed}
    assert text_of(compound(_message(**body))) == _HEAD + "hello world\n"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("EncryptedPackage", "needs a password; save it without one"),
        ("WordDocument", "old Word document; save it in the new format (docx) or as PDF"),
        ("Workbook", "old Excel workbook; save it in the new format (xlsx)"),
        ("PowerPoint Document", "old PowerPoint presentation"),
        ("Other", "old Office document; save it as PDF"),
    ],
)
def test_other_compound_files(name: str, said: str) -> None:
    assert said in refusal(lambda: piped(compound({name: b"x"})))
