"""A running model: tokens in, logits out, its cache beside it."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keydiff_cli.errors import ModelError
from keydiff_cli.llama.interrupts import hold_interrupt
from keydiff_cli.llama.library import (
    LlamaError,
    buffer_bytes,
    last_error,
    library,
    log,
    set_fields,
    stop_requested,
)
from keydiff_cli.llama.model import Model, Tokens
from keydiff_cli.llama.native import NativeCache, native_cache
from keydiff_cli.llama.observer import Observer
from keydiff_cli.llama.rope_graph import Rotations, find_rotations
from keydiff_cli.llama.tensors import CacheTensors, find_tensors

_ABORTED = 2  # of llama_decode
_LONG = 16  # tokens
KV_TYPES = {"f16": 1, "q8_0": 8}  # ggml_type numbers
Q8_0_BLOCK, Q8_0_VALUES = 34, 32  # a block has a float16 scale and int8 values: bytes, values
KV_BYTES = {"f16": 2.0, "q8_0": Q8_0_BLOCK / Q8_0_VALUES}  # of one number


class Context:
    """A running model: its cache of ``cells`` cells and its compute buffers.

    Parameters
    ----------
    model
        With weights to decode; without weights nothing is allocated, only measured.
    cells
        Cache cells to allocate; llama.cpp rounds up to a multiple of 256.
    batch
        The most tokens one :meth:`decode` takes.
    kv_type
        A name of :data:`KV_TYPES`.
    threads
        Threads for decoding.
    observe
        Let :meth:`decode` keep query vectors, and :meth:`hide` hide cells. Windowed layers get as
        many cells as the others then, so that tokens run for their queries only can be taken back.
    """

    def __init__(
        self,
        model: Model,
        *,
        cells: int,
        batch: int,
        kv_type: str = "f16",
        threads: int = 1,
        observe: bool = False,
    ) -> None:
        lib = library()
        self.model = model
        params = lib.llama_context_default_params()
        set_fields(
            params,
            n_ctx=cells,
            n_batch=batch,
            n_ubatch=batch,
            n_outputs_max=1,  # one row of logits, not one per token of the batch
            n_threads=threads,
            n_threads_batch=threads,
            flash_attn_type=1,
            type_k=KV_TYPES[kv_type],
            type_v=KV_TYPES[kv_type],
            swa_full=observe,
            offload_kqv=model.elsewhere > 0,
            op_offload=model.elsewhere > 0,
            no_perf=True,
        )
        self.observer = Observer() if observe else None
        if self.observer is not None:
            set_fields(params, cb_eval=self.observer.callback)
        log.clear()
        self._context: Any = None
        self._batch: Any = None
        self._native: NativeCache | None = None
        with hold_interrupt():
            self._context = lib.llama_init_from_model(model._model, params)
        if not self._context:
            reason = last_error("out of memory?")
            raise LlamaError(
                f"llama.cpp cannot set up {model.path.name} with {cells} cells of {kv_type}: "
                f"{reason}"
            )
        self.cells = int(lib.llama_n_ctx(self._context))
        self.compute_bytes = buffer_bytes("compute buffer size") + buffer_bytes("output buffer")
        if not self.compute_bytes:
            self.close()
            raise LlamaError("llama.cpp does not say how large its buffers are")
        self._memory = lib.llama_get_memory(self._context)
        self.batch = batch
        self._threads = threads
        self._batch = lib.llama_batch_init(batch, 0, 1)
        as_array = np.ctypeslib.as_array
        self._token = as_array(self._batch.token, (batch,))
        self._position = as_array(self._batch.pos, (batch,))
        self._wants_logits = as_array(self._batch.logits, (batch,))
        as_array(self._batch.n_seq_id, (batch,))[:] = 1
        for i in range(batch):
            self._batch.seq_id[i][0] = 0

    def close(self) -> None:
        """Free the cache and the buffers."""
        if self._native is not None:
            self._native.close()
            self._native = None
        if self._context:
            library().llama_free(self._context)
            self._context = None
        if self._batch is not None:
            library().llama_batch_free(self._batch)
            self._batch = None

    def decode(
        self, tokens: Tokens, position: int, *, logits: bool = False, queries: bool = False
    ) -> None:
        """Run ``tokens`` at ``position`` and the following ones; append their keys and values.

        ``queries`` records the query vectors for :meth:`queries`.

        Raises
        ------
        LlamaError
            If there are not enough free cells, or the computation fails; or if Ctrl-C came under
            :func:`~keydiff_cli.llama.hold_interrupt`: then the cache is as it was before.
        """
        count = len(tokens)
        if not 0 < count <= self.batch:
            raise ValueError(f"a batch takes 1 to {self.batch} tokens, not {count}")
        self._token[:count] = tokens
        self._position[:count] = np.arange(position, position + count)
        self._wants_logits[:count] = 0
        self._wants_logits[count - 1] = logits
        self._batch.n_tokens = count
        log.clear()
        if self.observer is not None:
            self.observer.start(queries)
        # Asking costs a little at every step, so single tokens, which are quick, are not asked for.
        callback = stop_requested() if count >= _LONG else library().ggml_abort_callback()
        library().llama_set_abort_callback(self._context, callback, None)
        status = library().llama_decode(self._context, self._batch)
        if self.observer is not None and self.observer.error is not None:
            error = self.observer.error
            raise LlamaError(f"llama.cpp cannot be observed: {error}") from error
        if status == _ABORTED:
            raise LlamaError("stopped by Ctrl-C")
        if status:
            reason = "no free cells" if status == 1 else last_error(f"status {status}")
            raise LlamaError(f"llama.cpp failed at token {position}: {reason}")

    def logits(self) -> NDArray[np.float32]:
        """Logits after the last token of the last decode that asked for them: ``[vocabulary]``.

        A view into llama.cpp, valid until the next decode.
        """
        pointer = library().llama_get_logits_ith(self._context, -1)
        if not pointer:
            raise LlamaError("llama.cpp gives no logits")
        logits: NDArray[np.float32] = np.ctypeslib.as_array(pointer, (self.model.vocabulary_size,))
        return logits

    def queries(self, layer: int) -> NDArray[np.float32]:
        """Queries of the last decode that recorded them: float32 ``[tokens, heads, head_dim]``.

        As they meet the keys: after RoPE, and scaled so that attention is the softmax of their
        products with the keys.
        """
        if self.observer is None or layer not in self.observer.found:
            raise LlamaError(f"llama.cpp shows no queries of layer {layer}")
        return self.observer.found[layer]

    def hide(self, cells: Mapping[int, NDArray[np.int64]]) -> None:
        """Hide cells from the attention of single layers, by layer, until told otherwise."""
        if self.observer is None:
            raise LlamaError("this context was not set up to hide cells")
        self.observer.hidden = cells

    def clear(self) -> None:
        """Free all cells."""
        library().llama_memory_clear(self._memory, False)

    def remove(self, start: int, stop: int) -> None:
        """Free the cells of positions ``start`` to ``stop`` (exclusive; -1 = the end)."""
        if not library().llama_memory_seq_rm(self._memory, 0, start, stop):
            raise ModelError(
                f"{self.model.path.name} cannot remove part of its cache; use another model"
            )

    def state(self) -> NDArray[np.uint8]:
        """A copy of the cache as llama.cpp serialises it: uint8 ``[bytes]``."""
        lib = library()
        blob = np.empty(lib.llama_state_seq_get_size(self._context, 0), np.uint8)
        pointer = blob.ctypes.data_as(ctypes.POINTER(ctypes.c_uint8))
        if lib.llama_state_seq_get_data(self._context, pointer, blob.size, 0) != blob.size:
            raise LlamaError("llama.cpp cannot serialise the cache")
        return blob

    def restore(self, blob: NDArray[np.uint8]) -> None:
        """Replace the cache by a copy that :meth:`state` made; its cells become the first ones."""
        pointer = blob.ctypes.data_as(ctypes.POINTER(ctypes.c_uint8))
        self.clear()
        if library().llama_state_seq_set_data(self._context, pointer, blob.size, 0) == 0:
            raise LlamaError("llama.cpp cannot restore the cache")

    def cache_tensors(self) -> CacheTensors | None:
        """K and V of every layer that has them, by layer; None if the build does not show them."""
        return find_tensors(self._context, self.batch, self.model.layers)

    def rotations(self) -> Rotations:
        """How layers rotate their keys, by layer; without those that do so in an unknown way."""
        return find_rotations(self._context, self.batch)

    def native_cache(self) -> NativeCache | None:
        """What a patched llama.cpp does with its cache itself; None with any other."""
        if self._native is None:
            self._native = native_cache(self._context, self._threads)
        return self._native
