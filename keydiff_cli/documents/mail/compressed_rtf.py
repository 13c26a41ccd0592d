"""Rich text as Outlook packs it. Source: [MS-OXRTFCP], Rich Text Format Compression Algorithm."""

from __future__ import annotations

import struct

_PACKED, _PLAIN = 0x75465A4C, 0x414C454D
_WINDOW = 4096
_BEGINNING = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern "
    b"\\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0"
    b"\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"
)


def unpack_rtf(data: bytes) -> bytes:
    """Unpack a rich text; nothing where it is not packed so.

    Each byte of input gives nine bytes at most.
    """
    if len(data) < 16:
        return b""
    _, size, how, _ = struct.unpack("<IIII", data[:16])
    if how == _PLAIN:
        return data[16 : 16 + size]
    return _unpack(data, size) if how == _PACKED else b""


def _unpack(data: bytes, size: int) -> bytes:
    window = bytearray(_BEGINNING.ljust(_WINDOW, b"\0"))
    at, out, place = len(_BEGINNING), bytearray(), 16
    while place < len(data) and len(out) < size:
        flags = data[place]
        place += 1
        for bit in range(8):
            if flags >> bit & 1:
                if place + 2 > len(data):
                    return bytes(out[:size])
                pair = data[place] << 8 | data[place + 1]
                place += 2
                start, length = pair >> 4, (pair & 15) + 2
                if start == at:
                    return bytes(out[:size])
                taken = bytearray()
                for step in range(length):
                    byte = window[(start + step) % _WINDOW]
                    taken.append(byte)
                    window[at] = byte
                    at = (at + 1) % _WINDOW
                out += taken
            elif place < len(data):
                out.append(data[place])
                window[at] = data[place]
                at = (at + 1) % _WINDOW
                place += 1
    return bytes(out[:size])
