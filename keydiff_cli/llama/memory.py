"""The cells of a context: freed, and serialised."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keydiff_cli.errors import ModelError
from keydiff_cli.llama.library import LlamaError, library
from keydiff_cli.llama.model import Model


class Memory:
    """What llama.cpp calls the memory of a context: its cache, cell by cell."""

    def __init__(self, model: Model, context: Any) -> None:
        self.model = model
        self._context = context
        self._memory = library().llama_get_memory(context)

    def clear(self) -> None:
        """Free all cells."""
        library().llama_memory_clear(self._memory, False)

    def remove(self, start: int, stop: int) -> None:
        """Free the cells of the positions from ``start`` to before ``stop``; -1 for the end.

        Raises
        ------
        ModelError, LlamaError
            If the cache of this model cannot be removed in part, or llama.cpp has kept a cell.
        """
        lib = library()
        if not lib.llama_memory_seq_rm(self._memory, 0, start, stop):
            name = self.model.path.name
            raise ModelError(f"{name} cannot remove part of its cache; use another model")
        first = lib.llama_memory_seq_pos_min(self._memory, 0)
        if first >= start and (stop < 0 or first < stop):
            raise LlamaError(f"llama.cpp did not free the cell of position {first}")

    def state(self) -> NDArray[np.uint8]:
        """Return a copy of the cache as llama.cpp serialises it: uint8 ``[bytes]``.

        Raises
        ------
        LlamaError
            If llama.cpp cannot serialise it.
        """
        lib = library()
        blob = np.empty(lib.llama_state_seq_get_size(self._context, 0), np.uint8)
        pointer = blob.ctypes.data_as(ctypes.POINTER(ctypes.c_uint8))
        if lib.llama_state_seq_get_data(self._context, pointer, blob.size, 0) != blob.size:
            raise LlamaError("llama.cpp cannot serialise the cache")
        return blob

    def restore(self, blob: NDArray[np.uint8]) -> None:
        """Replace the cache by a copy that :meth:`state` made; its rows go to the first cells.

        Raises
        ------
        LlamaError
            If llama.cpp does not take it.
        """
        pointer = blob.ctypes.data_as(ctypes.POINTER(ctypes.c_uint8))
        self.clear()
        if library().llama_state_seq_set_data(self._context, pointer, blob.size, 0) == 0:
            raise LlamaError("llama.cpp cannot restore the cache")
