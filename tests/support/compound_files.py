"""Compound files (OLE2) for the tests, as Outlook writes them. Source: [MS-CFB]."""

from __future__ import annotations

import struct
from collections.abc import Mapping

_SECTOR, _MINI, _CUTOFF = 512, 64, 4096
_FREE, _END, _FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
_NONE = 0xFFFFFFFF

Folder = Mapping[str, "bytes | Folder"]


class _Writer:
    def __init__(self) -> None:
        self.entries: list[bytes] = []
        self.mini = b""
        self.mini_fat: list[int] = []
        self.large: list[bytes] = []  # streams that have sectors of their own
        self.sectors = 0

    def store(self, data: bytes) -> int:
        """Where the data of a stream begin."""
        if len(data) >= _CUTOFF:
            start = self.sectors
            self.large.append(data)
            self.sectors += -(-len(data) // _SECTOR)
            return start
        start = len(self.mini_fat)
        count = -(-len(data) // _MINI)
        self.mini_fat += [*range(start + 1, start + count), _END] if count else []
        self.mini += data.ljust(count * _MINI, b"\0")
        return start if count else _END

    def add(self, folder: Folder) -> int:
        """The number of the first entry of a folder; each is the right one of that before."""
        first = previous = _NONE
        for name, content in folder.items():
            number = len(self.entries)
            self.entries.append(b"")
            if isinstance(content, bytes):
                entry = _entry(name, 2, _NONE, self.store(content), len(content))
            else:
                entry = _entry(name, 1, self.add(content), 0, 0)
            self.entries[number] = entry
            if previous == _NONE:
                first = number
            else:
                old = self.entries[previous]
                self.entries[previous] = old[:72] + struct.pack("<I", number) + old[76:]
            previous = number
        return first


def _entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
    text = name.encode("utf-16-le") + b"\0\0"
    links = struct.pack("<III", _NONE, _NONE, child)
    return (
        text.ljust(64, b"\0")
        + struct.pack("<HBB", len(text), kind, 1)
        + links
        + bytes(36)
        + struct.pack("<IQ", start, size)
    )


def compound(folder: Folder) -> bytes:
    """A compound file with these streams and folders."""
    writer = _Writer()
    writer.entries.append(b"")
    child = writer.add(folder)
    chains = []
    data = b""
    for stream in [*writer.large, writer.mini]:
        chains.append((len(data) // _SECTOR, -(-len(stream) // _SECTOR)))
        data += stream.ljust(-(-len(stream) // _SECTOR) * _SECTOR, b"\0")
    mini_start = chains[-1][0] if writer.mini else _END
    writer.entries[0] = _entry("Root Entry", 5, child, mini_start, len(writer.mini))
    parts = (
        b"".join(writer.entries),
        struct.pack(f"<{len(writer.mini_fat)}I", *writer.mini_fat),
    )
    places = []
    for part in parts:
        places.append(len(data) // _SECTOR)
        count = -(-len(part) // _SECTOR)
        chains.append((places[-1], count))
        data += part.ljust(count * _SECTOR, b"\xff" if part is parts[1] else b"\0")
    fat = [_FREE] * (len(data) // _SECTOR)
    for start, count in chains:
        for place in range(start, start + count):
            fat[place] = place + 1 if place + 1 < start + count else _END
    fat_sectors = -(-(len(fat) + 8) // 128)
    fat += [_FAT] * fat_sectors + [_FREE] * (fat_sectors * 128 - len(fat) - fat_sectors)
    first_fat = len(data) // _SECTOR
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    header += struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    header += struct.pack("<IIIII", 0, fat_sectors, places[0], 0, _CUTOFF)
    header += struct.pack("<IIII", places[1], chains[-1][1], _END, 0)
    header += struct.pack(
        "<109I", *range(first_fat, first_fat + fat_sectors), *[_FREE] * (109 - fat_sectors)
    )
    return header + data + struct.pack(f"<{len(fat)}I", *fat)
