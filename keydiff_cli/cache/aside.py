"""What a cache holds, put aside in a file while something else is in the cache."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from types import TracebackType
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from keydiff_cli.cache.cells import cells_of
from keydiff_cli.cache.image import Image
from keydiff_cli.cache.state import Bytes
from keydiff_cli.system.files import nameless_file, told_by
from keydiff_cli.system.folders import user_cache_folder
from keydiff_cli.system.sizes import format_size


class Aside:
    """An image of a cache whose rows are in a file without a name, which goes with the process.

    Raises
    ------
    OSError
        If it cannot be written; it says which folder has no place for how much.
    """

    def __init__(self, image: Image) -> None:
        try:
            self._file = _filled(nameless_file(), image.rows)
        except OSError as error:
            size = format_size(sum(image.widths) * int(np.count_nonzero(image.positions >= 0)))
            raise OSError(
                None,
                f"{user_cache_folder()} has no place for the {size} that the cache holds "
                f"meanwhile: {told_by(error)}",
            ) from error
        windowed = image.windowed.copy()  # a view may hold much more
        self._image = replace(image, rows=(), windowed=windowed)

    def __enter__(self) -> Aside:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()

    @property
    def image(self) -> Image:
        """The image, whose rows are read when they are asked for, layer by layer."""
        return replace(self._image, rows=self._rows(0, len(self._image.positions)))

    def rows(self, start: int, stop: int, heads: Sequence[int]) -> Iterator[Bytes]:
        """Rows of the tokens from ``start`` to ``stop`` (exclusive), which every head has to hold.

        Keys of each layer, then values of each layer: uint8 ``[tokens, bytes]``.

        Parameters
        ----------
        heads
            KV heads of each layer.
        """
        tokens = np.arange(start, stop)
        if not len(tokens):
            yield from (np.empty((0, width), np.uint8) for width in self._image.widths)
            return
        cells = np.stack([cells_of(tokens, origin) for origin in self._image.origin])
        first, last = int(cells.min()), int(cells.max())
        offsets = np.cumsum([0, *heads])
        for number, rows in enumerate(self._rows(first, last + 1)):
            layer = number % len(heads)
            own = cells[offsets[layer] : offsets[layer + 1]].T - first
            split = rows.reshape(len(rows), heads[layer], -1)
            yield split[own, np.arange(heads[layer])].reshape(len(tokens), -1)

    def _rows(self, first: int, stop: int) -> Iterator[NDArray[np.uint8]]:
        """Rows of cells from ``first`` to ``stop`` (exclusive); no others are read."""
        begin = 0  # of the layer in the file
        for width in self._image.widths:
            self._file.seek(begin + first * width)
            size = (stop - first) * width
            data = self._file.read(size)
            if len(data) < size:
                raise OSError("the file of what was put aside ends early")
            yield np.frombuffer(data, np.uint8).reshape(-1, width)
            begin += len(self._image.positions) * width


def _filled(file: BinaryIO, parts: Iterable[Bytes]) -> BinaryIO:
    """The same file with rows in it, one part after another."""
    try:
        for rows in parts:
            file.write(np.ascontiguousarray(rows).data)
        file.flush()  # or a full disk would show when the rows are wanted back
    except BaseException:
        file.close()
        raise
    return file
