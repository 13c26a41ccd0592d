"""What a snapshot holds: a description of what was read, its tokens, and an image of the cache."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from keydiff_cli.cache import Image, KVCache, Pin, Shift
from keydiff_cli.errors import ModelError
from keydiff_cli.llama import Tokens
from keydiff_cli.snapshots.format import Array, DamagedError, SnapshotFile
from keydiff_cli.snapshots.key import SnapshotKey

Arrays = list[tuple[str, Array]]


@dataclass(frozen=True)
class Label:
    """What ``keydiff cache`` shows of a snapshot.

    Attributes
    ----------
    model
        Name of the model.
    kept
        Tokens of the documents that every head has.
    question
        The question that the documents are read for; None if for none.
    documents
        A record of each document, as plain data.
    """

    model: str
    kept: int
    question: str | None
    documents: list[dict[str, Any]]


def describe(
    key: SnapshotKey,
    label: Label,
    cache: KVCache,
    tokens: Tokens,
    *,
    complete: bool,
    shareable: bool,
) -> tuple[dict[str, Any], Arrays]:
    """Description and arrays of a snapshot; the arrays are views of the cache.

    Parameters
    ----------
    tokens
        The documents' tokens so far: int32 ``[tokens]``.
    complete
        Whether that is all of them.
    shareable
        Whether it serves readings by other policies, too, if it holds every token.
    """
    image = cache.image()
    description = {
        "key": key.as_json(),
        "tokens": len(tokens),
        "complete": complete,
        "intact": shareable and cache.intact,
        "appended": image.tokens,
        "position": image.position,
        "pinned": image.pinned,
        "shifts": image.shifts,
        **vars(label),
    }
    return description, [
        ("tokens", tokens),
        ("positions", image.positions),
        ("origin", image.origin),
        ("rotary", image.rotary),
        ("past", image.past),
        ("windowed", image.windowed),
        *((f"rows{number}", rows) for number, rows in enumerate(image.rows)),
    ]


def restore(cache: KVCache, file: SnapshotFile) -> Tokens:
    """Fill a cache from a snapshot that has been verified; return the documents' tokens: int32.

    Raises
    ------
    DamagedError
        If it does not fit; the cache is empty then.
    """
    try:
        cache.load(_image(file))
        return file.array("tokens")
    except (KeyError, ModelError, OverflowError, TypeError, ValueError) as error:
        cache.clear()
        missing = isinstance(error, KeyError)
        reason = f"its description has no {error.args[0]}" if missing else str(error)
        raise DamagedError(reason) from error


def _image(file: SnapshotFile) -> Image:
    description = file.description
    return Image(
        tokens=int(description["appended"]),
        position=int(description["position"]),
        pinned=tuple(Pin(*map(int, pin)) for pin in description["pinned"]),
        positions=file.array("positions"),
        origin=file.array("origin"),
        rotary=file.array("rotary"),
        past=file.array("past"),
        widths=file.widths("rows"),
        rows=file.arrays("rows"),
        windowed=file.array("windowed"),
        shifts=tuple(Shift(*map(int, shift)) for shift in description["shifts"]),
    )
