"""What happens inside a decode: queries are copied out, cells are hidden from single layers.

llama.cpp calls an evaluation callback for every node of its graph: first to ask whether the node
is wanted and, if it is, again when the node has been computed and the nodes after it have not. The
nodes that are wanted here are those of the attention, which know their queries, keys, mask and
scale.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keydiff_cli.errors import ModelError
from keydiff_cli.llama.library import function, library
from keydiff_cli.llama.tensors import Tensor, on_host, read_tensor

_ATTENTION = b"FLASH_ATTN_EXT"  # sources: queries, keys, values, mask; first parameter: the scale
_KEYS = re.compile(rb"cache_k_l(\d+)\b.*")  # a view of the cached keys
_MASK = b"attn_inp_kq_mask"


def _functions() -> tuple[Any, Any]:
    """Return ggml's functions for the name and the operation of a node; None where not shown."""
    pointer = ctypes.c_void_p
    return (
        function("ggml_get_name", pointer, pointer),
        function("ggml_op_desc", ctypes.c_char_p, pointer),
    )


def can_observe() -> bool:
    """Tell whether decodes of this llama.cpp build can be observed by an :class:`Observer`."""
    return all(_functions())


class Observer:
    """The evaluation callback of a context.

    Attributes
    ----------
    queries : dict of int to float32 ``[tokens, heads, head_dim]``
        By layer, the queries of the last decode that was recorded, as the attention got them:
        after RoPE, times the scale.
    hidden : mapping of int to int64 ``[cells]``
        By layer, the numbers of the cells that the attention must not see.
    error : Exception or None
        What went wrong in the last decode, if anything did.
    callback
        The C function for ``cb_eval`` of a context; valid as long as this object lives.

    Raises
    ------
    ModelError
        If this llama.cpp build does not show its computation.
    """

    def __init__(self) -> None:
        if not can_observe():
            raise ModelError("this llama.cpp build does not show its computation")
        _, self._operation = _functions()
        self.queries: dict[int, NDArray[np.float32]] = {}
        self.hidden: Mapping[int, NDArray[np.int64]] = {}
        self.start(False)
        self.callback = library().ggml_backend_sched_eval_callback(self._see)

    def start(self, recording: bool) -> None:
        """Prepare for a decode, whose queries are recorded if ``recording``."""
        self._recording = recording
        self._mask: NDArray[np.uint16] | None = None
        self._shown: NDArray[np.uint16] | None = None
        self.error: Exception | None = None
        if recording:
            self.queries.clear()

    def _see(self, address: int, ask: bool, _: Any) -> bool:
        """Handle a call of llama.cpp for a node of its graph.

        Where llama.cpp asks (``ask``), return whether the node is wanted. Where the node has been
        computed, take what it holds, and return whether llama.cpp is to go on.
        """
        if not (self._recording or self.hidden) or self._operation(address) != _ATTENTION:
            return not ask
        try:
            node = Tensor.at(address)
            match = _KEYS.fullmatch(Tensor.at(node.src[1]).name)
            if match is None:
                raise ModelError("this llama.cpp build does not show its layers")
            layer = int(match.group(1))
            if ask:  # all up to the attention of the layer before has been computed
                self._hide(node, layer)
            else:
                self._show()
                if self._recording:
                    self._record(node, layer)
        except Exception as error:  # ctypes would drop it
            self.error = error
            return False
        return True

    def _record(self, node: Tensor, layer: int) -> None:
        """Copy the queries of an attention, times its scale."""
        queries = Tensor.at(node.src[0])  # [head_dim, tokens, heads], a view
        width, tokens, heads, _ = queries.ne
        if queries.type != 0 or queries.nb[0] != 4:
            raise ModelError("this llama.cpp build has queries of another type")
        size = sum((queries.ne[axis] - 1) * queries.nb[axis] for axis in range(3)) + 4
        if on_host(node.src[0]):
            flat = np.ctypeslib.as_array((ctypes.c_uint8 * size).from_address(queries.data))
        else:
            flat = read_tensor(node.src[0], size)
        strides = (queries.nb[1], queries.nb[2], 4)
        view = np.ndarray((tokens, heads, width), np.float32, flat, strides=strides)
        self.queries[layer] = view * np.float32(node.op_params[0])

    def _hide(self, node: Tensor, layer: int) -> None:
        """Write minus infinity over the mask of the cells that are hidden from a layer."""
        cells = self.hidden.get(layer)
        if cells is None:
            return
        mask = Tensor.at(node.src[3])
        plain = mask.nb[0] == 2 and mask.nb[1] == 2 * mask.ne[0] and on_host(node.src[3])
        if mask.name != _MASK or not plain:
            raise ModelError("this llama.cpp build does not show its attention masks")
        count = mask.ne[0] * mask.ne[1]
        numbers = np.ctypeslib.as_array((ctypes.c_uint16 * count).from_address(mask.data))
        self._mask = numbers.reshape(mask.ne[1], mask.ne[0])
        self._shown = self._mask.copy()
        self._mask[:, cells[cells < mask.ne[0]]] = np.array(-np.inf, np.float16).view(np.uint16)

    def _show(self) -> None:
        """Give the mask, which all layers share, the values back that it had."""
        if self._mask is not None and self._shown is not None:
            self._mask[:] = self._shown
            self._mask = self._shown = None
