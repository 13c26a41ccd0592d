"""What the model tests share: a made-up GGUF, wheels that carry it, and its catalogue entry."""

from __future__ import annotations

import base64
import hashlib
import random
import zipfile
from collections.abc import Iterable
from pathlib import Path

from keydiff_cli.models import CatalogueEntry, HubSource, WheelSource

NAME = "toy"
FILENAME = "toy-q4.gguf"
REPO = "someone/Toy-GGUF"


def gguf(size: int = 300_000) -> bytes:
    """Return bytes with the magic of a GGUF file that do not compress."""
    return b"GGUF" + random.Random(1).randbytes(size - 4)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def parts_of(data: bytes, count: int) -> list[bytes]:
    step = -(-len(data) // count)
    return [data[start : start + step] for start in range(0, len(data), step)]


def packages(count: int) -> tuple[str, ...]:
    return tuple(f"toy-part{number}==1.0" for number in range(1, count + 1))


def entry(
    data: bytes,
    *sources: HubSource | WheelSource,
    sha: str | None = "",
) -> CatalogueEntry:
    """Return an entry for `data`; an empty `sha` stands for the right one."""
    known = sha256(data) if sha == "" else sha
    return CatalogueEntry(
        NAME, "a toy", "Apache-2.0", len(data), 128, known, FILENAME, tuple(sources)
    )


def build_wheels(folder: Path, parts: Iterable[bytes]) -> list[Path]:
    """Write one wheel for each part: ``toy-part1``, ``toy-part2`` ... in version 1.0."""
    folder.mkdir(parents=True, exist_ok=True)
    wheels = []
    for number, data in enumerate(parts, start=1):
        package = f"toy_part{number}"
        info = f"{package}-1.0.dist-info"
        files = {
            f"{package}/__init__.py": b"raise SystemExit('this package must not be imported')\n",
            f"{package}/data/part{number:02d}.bin": data,
            f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n".encode(),
            f"{info}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        }
        lines = []
        for name, content in files.items():
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=")
            lines.append(f"{name},sha256={digest.decode()},{len(content)}\n")
        files[f"{info}/RECORD"] = ("".join(lines) + f"{info}/RECORD,,\n").encode()
        path = folder / f"{package}-1.0-py3-none-any.whl"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        wheels.append(path)
    return wheels


def wheel_source(count: int) -> WheelSource:
    return WheelSource(packages(count), "*/data/part*.bin")


def hub_source() -> HubSource:
    return HubSource(REPO, FILENAME)
