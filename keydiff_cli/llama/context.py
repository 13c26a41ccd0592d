"""A running model: tokens in, logits out, its cache beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keydiff_cli.llama.interrupts import hold_interrupt
from keydiff_cli.llama.kv_types import KV_TYPES
from keydiff_cli.llama.library import (
    LlamaError,
    buffer_bytes,
    last_error,
    library,
    log,
    set_fields,
    stop_requested,
)
from keydiff_cli.llama.memory import Memory
from keydiff_cli.llama.model import Model, Tokens
from keydiff_cli.llama.native import NativeCache, native_cache
from keydiff_cli.llama.observer import Observer
from keydiff_cli.llama.rope_graph import Rotations, find_rotations
from keydiff_cli.llama.tensors import CacheTensors, find_tensors

_ABORTED = 2  # the status of llama_decode when its abort callback asked it to stop
_YARN = 2  # LLAMA_ROPE_SCALING_TYPE_YARN
_LONG = 16  # tokens from which a decode takes long enough to be stopped


class Context(Memory):
    """A running model: its cache of ``cells`` cells and its compute buffers.

    Parameters
    ----------
    model
        The model; without weights, nothing is allocated, and only the memory is measured.
    cells
        Cells of the cache; llama.cpp rounds up to a multiple of 256.
    batch
        The most tokens that one :meth:`decode` takes.
    kv_type
        Type of the cached keys and values: ``f16`` or ``q8_0``.
    threads
        Threads for decoding.
    observe
        Whether :meth:`decode` can record queries and :meth:`hide` can hide cells. Layers with a
        sliding window then get as many cells as the others, so that tokens that were run for
        their queries only can be removed again.
    stretch
        By what YaRN (arXiv 2309.00071) is to stretch the length that the model was trained for.

    Attributes
    ----------
    cells
        Cells that the cache has.
    compute_bytes
        Memory of the buffers for computing and for the output on this side, in bytes.

    Raises
    ------
    LlamaError
        If llama.cpp cannot set it up, as for want of memory, or does not tell its buffers' sizes.
    ModelError
        If ``observe`` is asked for, and this llama.cpp cannot be observed.
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
        stretch: float = 1.0,
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
        if stretch != 1:
            trained = model.trained_context
            set_fields(
                params,
                rope_scaling_type=_YARN,
                rope_freq_scale=1 / stretch,
                yarn_orig_ctx=trained,
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
            what = f"{model.path.name} with {cells} cells of {kv_type}"
            raise LlamaError(f"llama.cpp cannot set up {what}: {last_error('out of memory?')}")
        self.cells = int(lib.llama_n_ctx(self._context))
        self.compute_bytes = buffer_bytes("compute buffer size") + buffer_bytes("output buffer")
        if not self.compute_bytes:
            self.close()
            raise LlamaError("llama.cpp does not say how large its buffers are")
        super().__init__(model, self._context)
        self.batch = batch
        self._threads = threads
        self._batch = lib.llama_batch_init(batch, 0, 1)
        as_array = np.ctypeslib.as_array
        self._token = as_array(self._batch.token, (batch,))
        self._position = as_array(self._batch.pos, (batch,))
        self._wants_logits = as_array(self._batch.logits, (batch,))
        as_array(self._batch.n_seq_id, (batch,))[:] = 1
        for index in range(batch):
            self._batch.seq_id[index][0] = 0

    @hold_interrupt()
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
        """Run tokens through the model, and append their keys and values to the cache.

        Parameters
        ----------
        tokens
            Token ids, int32 ``[count]``, 1 to ``batch`` of them.
        position
            Rotary position of the first token; the others follow it.
        logits
            Whether :meth:`logits` can be asked after the last token.
        queries
            Whether the query vectors are recorded for :meth:`queries`.

        Raises
        ------
        LlamaError
            If there are not enough free cells, or the computation fails; or if Ctrl-C came under
            :func:`~keydiff_cli.llama.hold_interrupt`: then the cache is as it was before.
        ValueError
            If there are no tokens, or more than a batch takes.
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
        # Asking whether to stop costs a little at every step, so few tokens are run without it.
        lib = library()
        callback = stop_requested() if count >= _LONG else lib.ggml_abort_callback()
        lib.llama_set_abort_callback(self._context, callback, None)
        status = lib.llama_decode(self._context, self._batch)
        if self.observer is not None and self.observer.error is not None:
            error = self.observer.error
            raise LlamaError(f"llama.cpp cannot be observed: {error}") from error
        if status == _ABORTED:
            raise LlamaError("stopped by Ctrl-C")
        if status:
            reason = "no free cells" if status == 1 else last_error(f"status {status}")
            raise LlamaError(f"llama.cpp failed at token {position}: {reason}")

    def logits(self) -> NDArray[np.float32]:
        """Return the logits after the last token of the last decode: float32 ``[vocabulary]``.

        They are a view into llama.cpp's memory, valid until the next decode.

        Raises
        ------
        LlamaError
            If the last decode was not asked for logits.
        """
        pointer = library().llama_get_logits_ith(self._context, -1)
        if not pointer:
            raise LlamaError("llama.cpp gives no logits")
        logits: NDArray[np.float32] = np.ctypeslib.as_array(pointer, (self.model.vocabulary_size,))
        return logits

    def queries(self, layer: int) -> NDArray[np.float32]:
        """Return a layer's queries of the last decode that recorded them.

        Returns
        -------
        NDArray
            float32 ``[tokens, heads, head_dim]``, as the queries meet the keys: after RoPE, and
            scaled so that attention is the softmax of their products with the keys.

        Raises
        ------
        LlamaError
            If no queries of that layer were recorded.
        """
        if self.observer is None or layer not in self.observer.queries:
            raise LlamaError(f"llama.cpp shows no queries of layer {layer}")
        return self.observer.queries[layer]

    def hide(self, cells: Mapping[int, NDArray[np.int64]]) -> None:
        """Hide cells from the attention of single layers, until the next call.

        Parameters
        ----------
        cells
            By layer, the numbers of the hidden cells, int64 ``[hidden]``; empty to hide none.

        Raises
        ------
        LlamaError
            If the context was set up without ``observe``.
        """
        if self.observer is None:
            raise LlamaError("this context was not set up to hide cells")
        self.observer.hidden = cells

    def use_threads(self, threads: int) -> None:
        """Compute with so many threads from now on."""
        library().llama_set_n_threads(self._context, threads, threads)
        self._threads, self._native = threads, None

    def cache_tensors(self) -> CacheTensors | None:
        """Return K and V by layer, of the layers that have them; None if they are not shown."""
        return find_tensors(self._context, self.batch, self.model.layers)

    def rotations(self) -> Rotations:
        """Return how the layers rotate their keys, by layer, as far as that is known."""
        return find_rotations(self._context, self.batch)

    def native_cache(self) -> NativeCache | None:
        """Return the interface of a patched llama.cpp to its cache; None if it is not patched."""
        if self._native is None:
            self._native = native_cache(self._context, self._threads)
        return self._native
