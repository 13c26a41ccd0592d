"""A model that another program has fetched, and that is used where it lies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from keydiff_cli.models.variants import Variant, is_model, variants_of


@dataclass(frozen=True)
class Found:
    """A model of another program.

    Attributes
    ----------
    name
        What ``--model`` takes for it.
    source
        The program.
    path
        The GGUF file, of a split model its first part.
    size
        Bytes of all parts together.
    quant
        Its quantisation, if its name or the program says it.
    problem
        Why it cannot be used, if that shows without its header.
    """

    name: str
    source: str
    path: Path
    size: int
    quant: str | None = None
    problem: str | None = None


def found_in(folder: Path, files: list[str], source: str, scheme: str) -> Iterator[Found]:
    """The models among files below a folder, by their paths with ``/``; others with why not."""
    for variant in variants_of(files):
        yield found_at(folder, variant, source, f"{scheme}{variant.first}")
    for file in sorted(files):
        if file.lower().endswith(".gguf") and not is_model(file):
            yield Found(
                f"{scheme}{file}",
                source,
                folder / file,
                size_of(folder / file),
                problem="no language model, but what goes with one",
            )


def found_at(folder: Path, variant: Variant, source: str, name: str) -> Found:
    """A model below a folder."""
    missing = variant.missing
    return Found(
        name,
        source,
        folder / variant.first,
        sum(size_of(folder / file) for file in variant.files),
        variant.quant,
        f"split, and {missing} of its parts are not there" if missing else None,
    )


def files_below(folder: Path) -> list[str]:
    """The GGUF files below a folder, with ``/``; none where it cannot be read."""
    found: list[str] = []
    with suppress(OSError):
        found += [path.relative_to(folder).as_posix() for path in folder.rglob("*.gguf")]
    return found


def size_of(path: Path) -> int:
    """Bytes of a file; 0 where it cannot be looked at."""
    with suppress(OSError):
        return path.stat().st_size
    return 0
