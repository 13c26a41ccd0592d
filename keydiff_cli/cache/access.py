"""Access to the rows of the cache: llama.cpp's own memory where it can be trusted, else copies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from keydiff_cli.cache.state import Bytes, CacheState, parse_state
from keydiff_cli.errors import ModelError
from keydiff_cli.llama import (
    KV_BYTES,
    KV_TYPES,
    CacheTensors,
    Context,
    NativeCache,
    Rotations,
    memory_view,
    read_tensor,
)
from keydiff_cli.scores import Rotation

Access = Literal["native", "direct", "copy"]

_PROBE_TOKENS = 8


@dataclass(frozen=True)
class Layer:
    """Rows of one layer: uint8 ``[rows, heads, bytes]`` views that eviction reads and writes."""

    keys: Bytes
    values: Bytes

    def read(self, places: NDArray[np.int64]) -> tuple[Bytes, Bytes]:
        """Copies of some rows: keys and values, uint8 ``[places, heads, bytes]``."""
        return self.keys[places], self.values[places]

    def exchange(
        self, places: NDArray[np.int64], heads: NDArray[np.int64], keys: Bytes, values: Bytes
    ) -> tuple[Bytes, Bytes]:
        """Put rows of single heads in the place of others, and return what was there.

        If that fails, all rows are where they were.

        Parameters
        ----------
        places, heads
            Where each row goes: int64 ``[rows]``.
        keys, values
            uint8 ``[rows, bytes]``.
        """
        where = places, heads
        went = self.keys[where], self.values[where]  # an index by arrays gives copies
        self.keys[where] = keys
        try:
            self.values[where] = values
        except MemoryError:
            self.keys[where] = went[0]
            raise
        return went


@dataclass(frozen=True)
class LayerElsewhere:
    """Rows of one layer on another device, which a patched llama.cpp reads and writes.

    Attributes
    ----------
    number
        Its place among the layers of ``native``.
    """

    native: NativeCache
    number: int

    def read(self, places: NDArray[np.int64]) -> tuple[Bytes, Bytes]:
        """As those of a :class:`Layer`, of cells in use."""
        return self.native.rows(self.number, places)

    def exchange(
        self, places: NDArray[np.int64], heads: NDArray[np.int64], keys: Bytes, values: Bytes
    ) -> tuple[Bytes, Bytes]:
        """As in a :class:`Layer`, in cells in use."""
        return self.native.exchange(self.number, places, heads, keys, values)


@dataclass(frozen=True)
class Layout:
    """The layers that attend to the whole document, as :func:`find_layout` saw them.

    Attributes
    ----------
    numbers
        Number of each layer in the model; empty if they cannot be known.
    heads
        KV heads of each layer.
    half
        Whether the keys are float16; else they are q8_0.
    widths
        Bytes of a row of keys of each layer, then of a row of values of each layer.
    direct
        The layers in llama.cpp's own memory, all cells; None if that is out of reach.
    rotations
        How layers rotate their keys, as far as that is known, by their number in the model.
    native
        What a patched llama.cpp does itself; None with any other. Without ``direct`` its rows are
        on another device.
    """

    numbers: list[int]
    heads: list[int]
    half: bool
    widths: list[int]
    direct: list[Layer] | None
    rotations: Rotations
    native: NativeCache | None = None

    @property
    def access(self) -> Access:
        """How the rows are reached."""
        if self.native is not None:
            return "native"
        return "copy" if self.direct is None else "direct"

    @property
    def kv_type(self) -> str:
        """How keys and values are stored: ``f16`` or ``q8_0``."""
        return "f16" if self.half else "q8_0"

    def known_rotation(self, number: int) -> Rotation:
        """How layer ``number`` rotates its keys.

        Raises
        ------
        ModelError
            If that is not known of every layer.
        """
        if self.all_rotations is None:
            raise ModelError("how this model rotates its keys is out of reach")
        return self.all_rotations[number]

    def rotation(self, number: int) -> Rotation | None:
        """How layer ``number`` rotates its keys; None if that is not known."""
        return self.rotations.get(self.numbers[number]) if self.numbers else None

    @cached_property
    def all_rotations(self) -> list[Rotation] | None:
        """How every layer rotates its keys; None if that is not known of all."""
        every = [self.rotation(number) for number in range(len(self.heads))]
        known = [rotation for rotation in every if rotation is not None]
        return known if len(known) == len(every) else None

    @cached_property
    def offsets(self) -> NDArray[np.int64]:
        """Where the heads of each layer begin among all, and the end: int64 ``[layers + 1]``."""
        return np.concatenate(([0], np.cumsum(self.heads)))

    @property
    def whole(self) -> list[Bytes]:
        """Keys of each layer, then values, in llama.cpp's own memory: uint8 ``[cells, bytes]``."""
        layers = self.direct or []
        rows = [*(layer.keys for layer in layers), *(layer.values for layer in layers)]
        return [part.reshape(len(part), -1) for part in rows]

    @property
    def reachable(self) -> Sequence[Layer | LayerElsewhere] | None:
        """The layers, all cells, wherever they are; None if they are only to be had serialised."""
        if self.direct is not None or self.native is None:
            return self.direct
        return [LayerElsewhere(self.native, number) for number in range(len(self.heads))]

    def forget_keys(self) -> None:
        """Tell a patched llama.cpp that rows have changed in a way that it does not know of."""
        if self.native is not None:
            self.native.forget()

    def layers(self, state: CacheState) -> list[Layer]:
        """The layers inside a serialised cache, used cells only."""
        return [
            Layer(_split(key, heads), _split(value, heads))
            for key, value, heads in zip(state.keys, state.values, self.heads, strict=True)
        ]


def find_layout(context: Context, access: Access | None = None) -> Layout:
    """Find the rows of a fresh context, and check them against a serialised copy.

    Parameters
    ----------
    access
        Insist on one way; None: native if possible, else direct, else by copies.

    Raises
    ------
    ModelError
        If the model's cache is of an unknown kind, or native or direct access is asked for in vain.
    """
    context.decode(np.arange(min(_PROBE_TOKENS, context.batch), dtype=np.int32), 0)
    name = context.model.path.name
    try:
        full = parse_state(context.state())[0]
    except ValueError as error:
        raise ModelError(
            f"the cache of {name} ({context.model.architecture}) is of an unknown kind "
            f"({error}); use another model"
        ) from error
    finally:
        context.clear()
    if not full.keys:
        raise ModelError(
            f"{name} has no layer that attends to the whole document; use another model"
        )
    half = full.key_type == KV_TYPES["f16"]
    key_bytes = int(context.model.key_length * KV_BYTES["f16" if half else "q8_0"])
    heads = [key.shape[1] // key_bytes for key in full.keys]
    if any(count * key_bytes != key.shape[1] for count, key in zip(heads, full.keys, strict=True)):
        raise ModelError(f"the keys of {name} are of an unknown size; use another model")
    widths = [rows.shape[1] for rows in full.rows]
    rotations = context.rotations()
    for way in ("native", "direct"):
        if access not in (way, None):
            continue
        native = context.native_cache() if way == "native" else None
        if native is not None or way == "direct":
            tensors = context.cache_tensors() if native is None else native.tensors
            matching = _match(context.cells, tensors or {}, full, heads)
            if matching is not None:
                rows = list(matching.values())
                return Layout(list(matching), heads, half, widths, rows, rotations, native)
        if native is not None and _elsewhere(native.tensors, full):
            return Layout(list(native.tensors), heads, half, widths, None, rotations, native)
        if access == way:
            raise ModelError(f"this llama.cpp build gives no {way} access to its cache")
    plain = len(full.keys) == context.model.layers
    numbers = list(range(len(full.keys))) if plain else []
    return Layout(numbers, heads, half, widths, None, rotations)


def _match(
    cells: int, tensors: CacheTensors, full: CacheState, heads: Sequence[int]
) -> dict[int, Layer] | None:
    """Views of the full layers, by number, whose bytes equal the serialised ones, or None."""
    layers: dict[int, Layer] = {}
    for number, pair in sorted(tensors.items()):
        if len(layers) == len(full.keys) or not all(tensor.address for tensor in pair):
            continue
        expected = full.keys[len(layers)], full.values[len(layers)]
        if any(
            tensor.size != cells * want.shape[1]
            for tensor, want in zip(pair, expected, strict=True)
        ):
            continue  # a windowed layer, with fewer cells
        views = [memory_view(tensor).reshape(cells, -1) for tensor in pair]
        if all(
            np.array_equal(view[: len(want)], want)
            for view, want in zip(views, expected, strict=True)
        ):
            layers[number] = Layer(*(_split(view, heads[len(layers)]) for view in views))
    return layers if len(layers) == len(full.keys) else None


def _elsewhere(tensors: CacheTensors, full: CacheState) -> bool:
    """Whether rows are on another device, and those of the first cells equal the serialised ones.

    Such layers cannot be told from windowed ones by their size, so all have to be full ones.
    """
    every = [tensor for pair in tensors.values() for tensor in pair]
    expected = [rows for pair in zip(full.keys, full.values, strict=True) for rows in pair]
    if all(tensor.host for tensor in every) or len(every) != len(expected):
        return False
    return all(
        np.array_equal(read_tensor(tensor.tensor, rows.size), rows.ravel())
        for tensor, rows in zip(every, expected, strict=True)
    )


def _split(rows: Bytes, heads: int) -> Bytes:
    """Rows ``[cells, bytes]`` as ``[cells, heads, bytes per head]``, without a copy."""
    return rows.reshape(len(rows), heads, -1)
