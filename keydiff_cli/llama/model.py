"""A GGUF model: its metadata, its vocabulary and its weights."""

from __future__ import annotations

import ctypes
import json
import os
import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keydiff_cli.errors import ModelError
from keydiff_cli.llama.devices import HERE, Placement, chosen
from keydiff_cli.llama.header import check_header, tensor_sizes
from keydiff_cli.llama.interrupts import hold_interrupt
from keydiff_cli.llama.library import (
    LlamaError,
    last_error,
    library,
    log,
    set_fields,
)

Tokens = NDArray[np.int32]

_LOAD_NONE, _LOAD_MMAP = 0, 1
_ALL = 2**16  # more layers than any model has
_NO_VOCABULARY = 0
# Architectures with learned positions, of which there are none beyond the trained context, or with
# ALiBi, where it is cells that have a distance.
_NO_ROTATION = frozenset({"gpt2", "starcoder", "mpt", "bloom", "refact", "jais"})


class Model:
    """A GGUF model.

    Parameters
    ----------
    path
        The GGUF file.
    weights
        False reads the metadata and the vocabulary only: enough to tokenise and to plan memory.
    placement
        Where its layers are.

    Raises
    ------
    ModelError
        If the file is damaged, the model is of a kind that keydiff cannot run, or a device of its
        placement is not there.
    """

    def __init__(self, path: Path, *, weights: bool = True, placement: Placement = HERE) -> None:
        lib = library()
        check_header(path)
        self.path = path
        self.weights = weights
        devices = chosen(placement)
        self.elsewhere = 0  # layers, the output counted as one more
        if devices:
            self.elsewhere = _ALL if placement.layers is None else placement.layers
        self._devices = (ctypes.c_void_p * (len(devices) + 1))(*devices)  # ends with a null
        params = lib.llama_model_default_params()
        set_fields(
            params,
            n_gpu_layers=self.elsewhere,
            # Repacked weights would be a second copy in memory, and the AMX kernels of a build
            # made with GCC 12 crash (docs/how-it-works.md).
            use_extra_bufts=False,
            no_alloc=not weights,
            # What goes elsewhere is not to be mapped here first.
            load_mode=_LOAD_MMAP if weights and not devices else _LOAD_NONE,
        )
        if devices:
            set_fields(params, devices=ctypes.cast(self._devices, ctypes.c_void_p))
        log.clear()
        self._model: Any = None
        with hold_interrupt():
            self._model = lib.llama_model_load_from_file(os.fsencode(path), params)
        if not self._model:
            reason = last_error("unknown reason")
            unknown = "unknown model architecture" in reason
            advice = "update llama-cpp-python, or use another model"
            raise ModelError(
                f"{path} cannot be loaded: {reason}; "
                f"{advice if unknown else 'fetch the model again'}"
            )
        self._vocab = lib.llama_model_get_vocab(self._model)
        self.vocabulary_size: int = lib.llama_vocab_n_tokens(self._vocab)
        self._piece_buffer = ctypes.create_string_buffer(256)
        try:
            self._require_supported()
        except BaseException:
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
            and lib.llama_vocab_type(self._vocab) != _NO_VOCABULARY
        )
        bias = self.metadata(f"{arch}.attention.max_alibi_bias") or "0"
        alibi = bias.strip("0.") != ""
        if arch in _NO_ROTATION or alibi or (arch == "baichuan" and self.layers == 40):
            raise ModelError(
                f"{self.path.name} ({arch}) has no rotary positions, which keys carry with them "
                "when they move; use a model that has, such as qwen2.5-coder-1.5b"
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

    def longest_text(self, cells: int) -> int:
        """Tokens of the longest text that the model was made for, when it has so many cells.

        LongRoPE models have two rotations, and llama.cpp chooses by the number of cells, not by
        position: with few cells only texts as long as the original context are read right.
        """
        scaling = f"{self.architecture}.rope.scaling"
        original = int(self.metadata(f"{scaling}.original_context_length") or 0)
        longrope = self.metadata(f"{scaling}.type") in (None, "longrope")
        if longrope and original > 0 and cells <= original:
            return min(original, self.trained_context)
        return self.trained_context

    @property
    def size(self) -> int:
        """Bytes of all weights."""
        return int(library().llama_model_size(self._model))

    @property
    def size_here(self) -> int:
        """Bytes of the weights that are not elsewhere."""
        if not self.elsewhere:
            return self.size
        first = self.layers + 1 - self.elsewhere  # the output is the last
        here = 0
        for name, size in tensor_sizes(self.path).items():
            block = re.match(r"blk\.(\d+)\.", name)
            number = int(block.group(1)) if block else self.layers
            if number < first or name.startswith("token_embd"):
                here += size
        return here

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

    @property
    def query_length(self) -> int:
        """Numbers in the queries of a token in one layer."""
        return int(library().llama_model_n_head(self._model)) * self.key_length

    @property
    def key_length(self) -> int:
        """Numbers in a key of one head, as the metadata have it."""
        return self._length("key")

    @property
    def value_length(self) -> int:
        """Numbers in a value of one head, as the metadata have it."""
        return self._length("value")

    @property
    def widest(self) -> int:
        """Numbers in the widest activation of a token, as the metadata have it."""
        sizes = ""
        for name in ("feed_forward_length", "embedding_length"):
            sizes += f",{self.metadata(f'{self.architecture}.{name}') or 0}"
        return max(map(int, re.findall(r"\d+", sizes)), default=0)

    def _length(self, what: str) -> int:
        arch = self.architecture
        if listed := self.metadata(f"{arch}.attention.{what}_length"):
            return int(listed)
        heads = self.metadata(f"{arch}.attention.head_count") or "1"
        embedding = int(self.metadata(f"{arch}.embedding_length") or 0)
        return embedding // int(heads.strip("[]").split(",")[0])

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
