"""The llama.cpp library: the only module that touches ctypes.

Models, contexts, tokens and the addresses of the cache tensors, as small Python objects with
NumPy arrays; every failure is a :class:`~keydiff_cli.errors.KeydiffError`.
"""

from __future__ import annotations

import ctypes
import json
import os
import re
import signal
import sys
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from keydiff_cli.errors import ModelError
from keydiff_cli.terminal import Sanitizer

Tokens = NDArray[np.int32]

KV_TYPES = {"f16": 1, "q8_0": 8}  # ggml_type numbers
_LOG_ERROR, _LOG_CONTINUE = 4, 5
_LOAD_NONE, _LOAD_MMAP = 0, 1
# Architectures with learned positions or ALiBi, whose keys do not carry their position.
_NO_ROTATION = frozenset({"gpt2", "starcoder", "mpt", "bloom", "refact", "jais"})
_GRAPH_RESERVE = "_Z19llama_graph_reserveP13llama_contextjjj"  # exported with its C++ name

_log: deque[tuple[int, str]] = deque(maxlen=400)
_echo_log = False


class LlamaError(ModelError):
    """llama.cpp failed while it was running a model."""


@lru_cache(maxsize=1)
def library() -> Any:
    """The low-level binding module, initialised once, its log captured."""
    os.environ.setdefault("GGML_NO_BACKTRACE", "1")
    try:
        import llama_cpp.llama_cpp as binding
    except (ImportError, OSError, RuntimeError) as error:
        raise ModelError(
            f"llama-cpp-python cannot be loaded ({error}); reinstall it with "
            "'pip install --force-reinstall llama-cpp-python'"
        ) from error

    @binding.llama_log_callback  # type: ignore[untyped-decorator]
    def capture(level: int, text: bytes, _: Any) -> None:
        message = text.decode("utf-8", "replace")
        _log.append((level, message))
        if _echo_log:
            print(Sanitizer()(message), end="", file=sys.stderr)

    binding.llama_log_set(capture, None)
    binding._keydiff_log_callback = capture  # must outlive this call
    binding.llama_backend_init()
    return binding


@lru_cache(maxsize=1)
def _ggml() -> Any:
    """libggml-base, for the names, addresses and sizes of tensors; None if it is not found."""
    folder = Path(library().__file__).parent / "lib"
    for name in ("libggml-base.so", "libggml-base.dylib", "ggml-base.dll"):
        try:
            base = ctypes.CDLL(str(folder / name))
            find, data, size = base.ggml_graph_get_tensor, base.ggml_get_data, base.ggml_nbytes
        except (OSError, AttributeError):
            continue
        find.restype, find.argtypes = ctypes.c_void_p, [ctypes.c_void_p, ctypes.c_char_p]
        data.restype, data.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
        size.restype, size.argtypes = ctypes.c_size_t, [ctypes.c_void_p]
        return base
    return None


def echo_log(on: bool) -> None:
    """Pass llama.cpp's own log on to stderr, as ``--verbose`` asks."""
    global _echo_log
    _echo_log = on


@contextmanager
def _interrupt_afterwards() -> Iterator[None]:
    """Hold Ctrl-C back until llama.cpp returns.

    It would be raised inside the log callback, which has nobody to pass it on to, and get lost.
    """
    previous = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(previous):
        yield
        return
    seen = False

    def note(*_: Any) -> None:
        nonlocal seen
        seen = True

    signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)
    if seen:
        raise KeyboardInterrupt


def _set(params: Any, **values: Any) -> None:
    """Set fields of a ctypes structure, which would take unknown ones without a word."""
    known = {name for name, *_ in params._fields_}
    if missing := sorted(values.keys() - known):
        raise ModelError(
            f"this llama-cpp-python has no {', '.join(missing)}; "
            "install the version that constraints.txt names"
        )
    for name, value in values.items():
        setattr(params, name, value)


def _last_error(default: str) -> str:
    """The first error line llama.cpp logged since the log was cleared, on one line."""
    for level, message in _log:
        if level == _LOG_ERROR and message.strip():
            return " ".join(message.split(": ", 1)[-1].split())
    return default


@dataclass(frozen=True)
class CacheTensor:
    """K or V of one layer: where it is (0 when nothing is allocated) and its size in bytes."""

    address: int
    size: int


CacheTensors: TypeAlias = dict[int, tuple[CacheTensor, CacheTensor]]


class Model:
    """A GGUF model.

    Parameters
    ----------
    path
        The GGUF file.
    weights
        False reads the metadata and the vocabulary only: enough to tokenise and to plan memory.

    Raises
    ------
    ModelError
        If the file is damaged, or the model is of a kind that keydiff cannot run.
    """

    def __init__(self, path: Path, *, weights: bool = True) -> None:
        lib = library()
        self.path = path
        self.weights = weights
        params = lib.llama_model_default_params()
        _set(
            params,
            n_gpu_layers=0,
            # Repacked weights would be a second copy in memory, and the AMX kernels of a build
            # made with GCC 12 crash (docs/how-it-works.md).
            use_extra_bufts=False,
            no_alloc=not weights,
            load_mode=_LOAD_MMAP if weights else _LOAD_NONE,
        )
        _log.clear()
        self._model: Any = None
        with _interrupt_afterwards():
            self._model = lib.llama_model_load_from_file(os.fsencode(path), params)
        if not self._model:
            reason = _last_error("unknown reason")
            raise ModelError(f"{path} cannot be loaded: {reason}; fetch the model again")
        self._vocab = lib.llama_model_get_vocab(self._model)
        self.vocabulary_size: int = lib.llama_vocab_n_tokens(self._vocab)
        self._piece_buffer = ctypes.create_string_buffer(256)
        try:
            self._require_supported()
        except ModelError:
            self.close()
            raise

    def close(self) -> None:
        """Free the model; its contexts must be closed before."""
        if self._model:
            library().llama_model_free(self._model)
            self._model = None

    def _require_supported(self) -> None:
        lib, arch = library(), self.architecture
        if lib.llama_model_is_recurrent(self._model) or lib.llama_model_is_hybrid(self._model):
            raise ModelError(
                f"{self.path.name} is a recurrent or hybrid model ({arch}): part of its memory "
                "cannot be removed; use a transformer such as qwen2.5-coder-1.5b"
            )
        generative = (
            lib.llama_model_has_decoder(self._model)
            and not lib.llama_model_has_encoder(self._model)
            and not lib.llama_model_is_diffusion(self._model)
            and self.metadata(f"{arch}.attention.causal") != "false"
            and self.metadata(f"{arch}.pooling_type") in (None, "0")
            and self.vocabulary_size > 0
        )
        alibi = float(self.metadata(f"{arch}.attention.max_alibi_bias") or 0) > 0
        if arch in _NO_ROTATION or alibi or (arch == "baichuan" and self.layers == 40):
            raise ModelError(
                f"{self.path.name} ({arch}) does not keep positions in its keys, which may move "
                "here; use a model with rotary positions such as qwen2.5-coder-1.5b"
            )
        if not generative:
            raise ModelError(
                f"{self.path.name} is not a generative model ({arch}): use a decoder-only model "
                "such as qwen2.5-coder-1.5b"
            )

    # Metadata -------------------------------------------------------------------------------

    def metadata(self, key: str) -> str | None:
        """A value of the GGUF metadata as text, None if there is no such key."""
        lib, size = library(), 1024
        while True:
            buffer = ctypes.create_string_buffer(size)
            needed = lib.llama_model_meta_val_str(self._model, key.encode(), buffer, size)
            if needed < 0:
                return None
            if needed < size:
                return buffer.value.decode("utf-8", "replace")
            size = needed + 1

    @property
    def architecture(self) -> str:
        return self.metadata("general.architecture") or "unknown"

    @property
    def layers(self) -> int:
        return int(library().llama_model_n_layer(self._model))

    @property
    def window(self) -> int:
        """Sliding window of the windowed layers in tokens, 0 for none."""
        return int(library().llama_model_n_swa(self._model))

    @property
    def trained_context(self) -> int:
        """Context length the model was trained for, in tokens."""
        return int(library().llama_model_n_ctx_train(self._model))

    @property
    def size(self) -> int:
        """Bytes of all weights."""
        return int(library().llama_model_size(self._model))

    @property
    def chat_template(self) -> str | None:
        """The Jinja chat template in the GGUF file, None for a base model."""
        template = library().llama_model_chat_template(self._model, None)
        return template.decode("utf-8", "replace") if template else None

    def kv_heads(self, layer: int) -> int:
        """Number of KV heads of one layer (some architectures vary it)."""
        listed = self.metadata(f"{self.architecture}.attention.head_count_kv")
        if listed and listed.startswith("["):
            return int(json.loads(listed)[layer])
        return int(library().llama_model_n_head_kv(self._model))

    # Tokens ---------------------------------------------------------------------------------

    @property
    def adds_bos(self) -> bool:
        return bool(library().llama_vocab_get_add_bos(self._vocab))

    @property
    def bos(self) -> int:
        return int(library().llama_vocab_bos(self._vocab))

    def token_text(self, token: int) -> str:
        """Text of a token as the vocabulary writes it, such as ``<|im_end|>``; "" for none."""
        if token < 0:
            return ""
        return str(library().llama_vocab_get_text(self._vocab, token).decode("utf-8", "replace"))

    @property
    def eos(self) -> int:
        return int(library().llama_vocab_eos(self._vocab))

    def ends_answer(self, token: int) -> bool:
        """Whether the token ends a turn or the text."""
        return bool(library().llama_vocab_is_eog(self._vocab, token))

    def tokenize(self, text: str, *, special: bool = False) -> Tokens:
        """Tokens of ``text``: int32 ``[n]``, without a start-of-text token.

        ``special`` lets the text of special tokens stand for them, as a chat template needs
        it. Text that comes from a user or a document must leave it off.
        """
        data = text.encode("utf-8", "replace")
        lib = library()
        room = len(data) + 8
        for _ in range(2):
            tokens: Tokens = np.empty(room, np.int32)
            pointer = tokens.ctypes.data_as(ctypes.POINTER(ctypes.c_int32))
            count = lib.llama_tokenize(self._vocab, data, len(data), pointer, room, False, special)
            if count >= 0:
                exact: Tokens = tokens[:count].copy()
                return exact
            room = -count
        raise LlamaError(f"llama.cpp cannot tokenise a text of {len(data)} bytes")

    def piece(self, token: int) -> bytes:
        """Bytes a token stands for; nothing for special tokens."""
        lib = library()
        count = lib.llama_token_to_piece(
            self._vocab, token, self._piece_buffer, len(self._piece_buffer), 0, False
        )
        if count < 0:
            self._piece_buffer = ctypes.create_string_buffer(-count)
            return self.piece(token)
        return self._piece_buffer.raw[:count]


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
    """

    def __init__(
        self, model: Model, *, cells: int, batch: int, kv_type: str = "f16", threads: int = 1
    ) -> None:
        lib = library()
        self.model = model
        params = lib.llama_context_default_params()
        _set(
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
            swa_full=False,
            offload_kqv=False,
            op_offload=False,
            no_perf=True,
        )
        _log.clear()
        self._context: Any = None
        self._batch: Any = None
        with _interrupt_afterwards():
            self._context = lib.llama_init_from_model(model._model, params)
        if not self._context:
            reason = _last_error("out of memory?")
            raise LlamaError(
                f"llama.cpp cannot set up {model.path.name} with {cells} cells of {kv_type}: "
                f"{reason}"
            )
        self.cells = int(lib.llama_n_ctx(self._context))
        self.compute_bytes = _buffer_bytes("compute buffer size") + _buffer_bytes("output buffer")
        if not self.compute_bytes:
            self.close()
            raise LlamaError("llama.cpp does not say how large its buffers are")
        self._memory = lib.llama_get_memory(self._context)
        self.batch = batch
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
        if self._context:
            library().llama_free(self._context)
            self._context = None
        if self._batch is not None:
            library().llama_batch_free(self._batch)
            self._batch = None

    def decode(self, tokens: Tokens, position: int, *, logits: bool = False) -> None:
        """Run ``tokens`` at ``position`` and the following ones; append their keys and values.

        Raises
        ------
        LlamaError
            If there are not enough free cells, or the computation fails.
        """
        count = len(tokens)
        if not 0 < count <= self.batch:
            raise ValueError(f"a batch takes 1 to {self.batch} tokens, not {count}")
        self._token[:count] = tokens
        self._position[:count] = np.arange(position, position + count)
        self._wants_logits[:count] = 0
        self._wants_logits[count - 1] = logits
        self._batch.n_tokens = count
        _log.clear()
        status = library().llama_decode(self._context, self._batch)
        if status:
            reason = "no free cells" if status == 1 else _last_error(f"status {status}")
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
        """K and V of every layer that has them, by layer; None if the build does not show them.

        Reserving the graph anew, for a full batch as at start-up, changes no buffer.
        """
        ggml = _ggml()
        if ggml is None or not hasattr(library()._lib, _GRAPH_RESERVE):
            return None
        reserve = library()._lib[_GRAPH_RESERVE]
        reserve.restype = ctypes.c_void_p
        reserve.argtypes = [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_uint32, ctypes.c_uint32]
        with _interrupt_afterwards():
            graph = reserve(self._context, self.batch, 1, 1)
        if not graph:
            return None
        tensors = {}
        for layer in range(self.model.layers):
            pair = []
            for name in (f"cache_k_l{layer}", f"cache_v_l{layer}"):
                tensor = ggml.ggml_graph_get_tensor(graph, name.encode())
                if tensor:
                    address = ggml.ggml_get_data(tensor) or 0
                    pair.append(CacheTensor(address, ggml.ggml_nbytes(tensor)))
            if len(pair) == 2:
                tensors[layer] = (pair[0], pair[1])
        return tensors or None


@lru_cache(maxsize=1)
def _half_converter() -> Any:
    """The float16 to float32 conversion of libggml-cpu, which uses the hardware's; None without."""
    folder = Path(library().__file__).parent / "lib"
    for name in ("libggml-cpu.so", "libggml-cpu.dylib", "ggml-cpu.dll"):
        try:
            convert = ctypes.CDLL(str(folder / name)).ggml_cpu_fp16_to_fp32
        except (OSError, AttributeError):
            continue
        convert.restype = None
        convert.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64]
        return convert
    return None


def half_to_float(half: NDArray[np.float16], out: NDArray[np.float32]) -> None:
    """Convert C-contiguous float16 values into a C-contiguous float32 array of the same shape.

    NumPy converts half floats one by one; ggml is about five times as fast.
    """
    convert = _half_converter()
    if convert is None:
        out[...] = half
    else:
        convert(half.ctypes.data, out.ctypes.data, half.size)


def memory_view(tensor: CacheTensor) -> NDArray[np.uint8]:
    """The bytes of a cache tensor in host memory, writable, without a copy."""
    buffer = (ctypes.c_uint8 * tensor.size).from_address(tensor.address)
    return np.ctypeslib.as_array(buffer)


def _buffer_bytes(what: str) -> int:
    """Sum of the sizes that llama.cpp logged for a kind of buffer, in bytes."""
    pattern = re.compile(re.escape(what) + r".*?=\s*([0-9.]+) MiB")
    sizes = (pattern.search(message) for _, message in _log)
    return int(sum(float(size.group(1)) for size in sizes if size) * 2**20)
