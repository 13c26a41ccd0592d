"""What the tests of snapshots share: things to write down, and a cache that has them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

import numpy as np
from text_helpers import PlainBytes

from keydiff_cli.cache import Image, Pin, Shift
from keydiff_cli.llama import Tokens
from keydiff_cli.snapshots import Entry, Label, SnapshotKey, Store, describe
from keydiff_cli.snapshots.store import short_digest
from keydiff_cli.text.corpus import Corpus

DESCRIPTION: dict[str, Any] = {
    "key": {"model": "a", "budget": 64, "policy": "keydiff"}, "tokens": 30, "note": "h\u00e4",
    "kept": 20, "complete": True, "model": "a", "documents": [], "question": None,
}  # fmt: skip


def arrays() -> list[tuple[str, np.ndarray[Any, Any]]]:
    numbers = np.arange(40, dtype=np.int32).reshape(4, 10)
    return [
        ("origin", numbers),
        ("nothing", np.empty((3, 0), np.float32)),
        ("rows0", np.arange(60, dtype=np.uint8).reshape(6, 10)[:, ::2]),
        ("rows1", np.full((6, 5), 7, np.uint8)),
    ]


def save(store: Store, reading: str = "one", **changes: Any) -> Entry:
    with store.claim(reading) as writer:
        assert writer is not None
        path = writer.write(short_digest([reading, changes]), {**DESCRIPTION, **changes}, arrays())
    return next(entry for entry in store.entries() if entry.path == path)


def save_as(store: Store, description: dict[str, Any]) -> None:
    with store.claim("one") as writer:
        assert writer is not None
        writer.write("0" * 12, description, arrays())


def make_key(**changes: Any) -> SnapshotKey:
    """The key of some reading."""
    values: dict[str, Any] = {
        "keydiff": "1", "llama_cpp_python": "2", "model": "a", "gpu_layers": 0, "head": "h",
        "policy": "keydiff", "policy_version": None, "longest": 0, "budget": 64, "memory": None,
        "block": 512, "kv_type": "f16", "whole_windows": False, "question": None,
        "positions": "None",
    }  # fmt: skip
    return SnapshotKey(**{**values, **changes})


def tokens_to(stop: int) -> Tokens:
    """The tokens from 0 on, that many."""
    return np.arange(stop, dtype=np.int32)


def make_label() -> Label:
    """What is shown of some snapshot."""
    return Label("a", 64, None, [])


def corpus_of(tokens: Iterable[int]) -> Corpus:
    """A corpus of these tokens."""
    return Corpus.of([], np.array(list(tokens), np.int32), PlainBytes())


class FakeCache:
    """What snapshots need of a cache: something to write, and a clock that writing moves on."""

    widths: ClassVar = [100, 100]
    used = 64
    intact = False

    def __init__(self) -> None:
        self.now = 0.0
        self.images = 0
        self.loaded: Image | None = None
        self.cleared = 0

    def image(self) -> Image:
        self.images += 1
        self.now += 0.5
        rows = [np.full((64, 100), number, np.uint8) for number in range(2)]
        held = np.arange(128, dtype=np.int32).reshape(2, 64)
        return Image(
            tokens=70,
            position=72,
            pinned=(Pin(0, 5, 5),),
            positions=held[0],
            origin=held,
            rotary=held + 1,
            past=held.astype(np.float32) / 2,
            widths=self.widths,
            rows=rows,
            windowed=np.arange(3, dtype=np.uint8),
            shifts=(Shift(40, 8),),
        )

    def load(self, image: Image) -> None:
        if image.widths != self.widths:
            raise ValueError("the image is of another cache")
        self.loaded = Image(**{**vars(image), "rows": list(image.rows)})

    def clear(self) -> None:
        self.cleared += 1
        self.loaded = None


def keep(
    store: Store, key: SnapshotKey, tokens: Tokens, *, complete: bool = True, intact: bool = False
) -> Entry:
    """Write what a reading has come to."""
    cache = FakeCache()
    cache.intact = intact
    # fmt: off
    description, arrays = describe(
        key, make_label(), cache, tokens, complete=complete, shareable=True  # type: ignore[arg-type]
    )
    # fmt: on
    name = short_digest([key.as_json(), tokens.tolist(), complete])
    with store.claim(name) as writer:
        assert writer is not None
        path = writer.write(name, description, arrays)
    return next(entry for entry in store.entries() if entry.path == path)


def archived(store: Store, tokens: int, **form: str) -> None:
    """A snapshot with an archive, which may say its form."""
    name = f"{tokens:012x}"
    with store.claim(name) as writer:
        assert writer is not None
        description, arrays = describe(
            make_key(), make_label(), FakeCache(), np.arange(tokens, dtype=np.int32),  # type: ignore[arg-type]
            complete=True, shareable=True,
        )  # fmt: skip
        writer.write(name, {**description, "archive": [["a" * 12, 0, tokens]], **form}, arrays)
    (store.folder / ("a" * 12)).touch()
