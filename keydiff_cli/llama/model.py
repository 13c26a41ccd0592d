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
from keydiff_cli.llama.supported import advice_for, require_supported
from keydiff_cli.system.files import identity_of

Tokens = NDArray[np.int32]

_LOAD_NONE, _LOAD_MMAP = 0, 1
_ALL = 2**16  # more layers than any model has


class Model:
    """A GGUF model.

    Parameters
    ----------
    path
        Path of the GGUF file.
    weights
        Whether the weights are loaded. Without them the metadata and the vocabulary are read, which
        is enough to tokenise and to plan memory.
    placement
        Which of its layers are on other devices.

    Attributes
    ----------
    elsewhere
        How many layers are on other devices, the output counted as a layer.
    identity
        What tells its file, as it was, and its placement from others.
    vocabulary_size
        Number of tokens in the vocabulary.

    Raises
    ------
    ModelError
        If the file is damaged, the model is of a kind that keydiff cannot run, or a device of its
        placement is not there.
    """

    def __init__(self, path: Path, *, weights: bool = True, placement: Placement = HERE) -> None:
        lib = library()
        check_header(path)
        self.path, self.placement = path, placement
        self.weights = weights
        self.identity = identity_of(path), placement
        devices = chosen(placement)
        self.elsewhere = 0
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
            raise ModelError(f"{path} cannot be loaded: {reason}; {advice_for(reason)}")
        self._vocab = lib.llama_model_get_vocab(self._model)
        self.vocabulary_size: int = lib.llama_vocab_n_tokens(self._vocab)
        self._piece_buffer = ctypes.create_string_buffer(256)
        try:
            require_supported(self)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Free the model, whose contexts must be closed already."""
        if self._model:
            library().llama_model_free(self._model)
            self._model = self._vocab = None

    # Metadata -------------------------------------------------------------------------------

    def metadata(self, key: str) -> str | None:
        """Return a value of the GGUF metadata as text, None if there is no such key."""
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
        """Name of the architecture in the metadata, such as ``llama``."""
        return self.metadata("general.architecture") or "unknown"

    @property
    def layers(self) -> int:
        """Number of layers, without the output."""
        return int(library().llama_model_n_layer(self._model))

    @property
    def window(self) -> int:
        """Length of the sliding window in tokens, of the layers that have one; 0 if none has."""
        return int(library().llama_model_n_swa(self._model))

    @property
    def trained_context(self) -> int:
        """Length of the context that the model was trained for, in tokens."""
        return int(library().llama_model_n_ctx_train(self._model))

    def longest_text(self, cells: int) -> int:
        """Return the length of the longest text that the model was made for, in tokens.

        It depends on the number of cells: LongRoPE models have two rotations, between which
        llama.cpp chooses by the number of cells and not by the position, so that with few cells
        only texts up to the original context are read right.
        """
        scaling = f"{self.architecture}.rope.scaling"
        original = int(self.metadata(f"{scaling}.original_context_length") or 0)
        longrope = self.metadata(f"{scaling}.type") in (None, "longrope")
        if longrope and original > 0 and cells <= original:
            return min(original, self.trained_context)
        return self.trained_context

    @property
    def size(self) -> int:
        """Size of all weights in bytes."""
        return int(library().llama_model_size(self._model))

    @property
    def size_here(self) -> int:
        """Size in bytes of the weights that are not on other devices."""
        if not self.elsewhere:
            return self.size
        first = self.layers + 1 - self.elsewhere  # the output is the last
        total = 0
        for name, size in tensor_sizes(self.path).items():
            block = re.match(r"blk\.(\d+)\.", name)
            number = int(block.group(1)) if block else self.layers
            if number < first or name.startswith("token_embd"):
                total += size
        return total

    @property
    def chat_template(self) -> str | None:
        """Jinja chat template in the GGUF file; None for a base model, which has none."""
        template = library().llama_model_chat_template(self._model, None)
        return template.decode("utf-8", "replace") if template else None

    def kv_heads(self, layer: int) -> int:
        """Return the number of KV heads of a layer; a few architectures vary it."""
        listed = self.metadata(f"{self.architecture}.attention.head_count_kv")
        if listed and listed.startswith("["):
            return int(json.loads(listed)[layer])
        return int(library().llama_model_n_head_kv(self._model))

    @property
    def query_length(self) -> int:
        """Numbers in the queries of a token in a layer, all heads together."""
        return int(library().llama_model_n_head(self._model)) * self.key_length

    @property
    def key_length(self) -> int:
        """Numbers in a key of a head, as the metadata have it."""
        return self._length("key")

    @property
    def value_length(self) -> int:
        """Numbers in a value of a head, as the metadata have it."""
        return self._length("value")

    @property
    def widest(self) -> int:
        """Numbers in the widest activation of a token, as the metadata have it."""
        sizes = ""
        for name in ("feed_forward_length", "embedding_length"):
            sizes += f",{self.metadata(f'{self.architecture}.{name}') or 0}"
        return max(map(int, re.findall(r"\d+", sizes)), default=0)

    def _length(self, what: str) -> int:
        """Return the numbers in a ``key`` or a ``value`` of a head."""
        arch = self.architecture
        if listed := self.metadata(f"{arch}.attention.{what}_length"):
            return int(listed)
        heads = self.metadata(f"{arch}.attention.head_count") or "1"
        embedding = int(self.metadata(f"{arch}.embedding_length") or 0)
        return embedding // int(heads.strip("[]").split(",")[0])

    # Tokens ---------------------------------------------------------------------------------

    @property
    def adds_bos(self) -> bool:
        """Whether a text begins with the start-of-text token."""
        return bool(library().llama_vocab_get_add_bos(self._vocab))

    @property
    def bos(self) -> int:
        """The start-of-text token; -1 for none."""
        return int(library().llama_vocab_bos(self._vocab))

    def token_text(self, token: int) -> str:
        """Return a token as the vocabulary writes it, such as ``<|im_end|>``; empty below 0."""
        if token < 0:
            return ""
        return str(library().llama_vocab_get_text(self._vocab, token).decode("utf-8", "replace"))

    @property
    def eos(self) -> int:
        """The end-of-text token; -1 for none."""
        return int(library().llama_vocab_eos(self._vocab))

    def ends_answer(self, token: int) -> bool:
        """Tell whether a token ends a turn or the text."""
        return bool(library().llama_vocab_is_eog(self._vocab, token))

    def tokenize(self, text: str, *, special: bool = False) -> Tokens:
        """Split a text into tokens.

        Parameters
        ----------
        text
            The text; what cannot be encoded as UTF-8 is replaced.
        special
            Whether the text of a special token stands for that token, as a chat template needs it.
            It must be off for text that comes from a user or a document.

        Returns
        -------
        Tokens
            int32 ``[count]``, without a start-of-text token.

        Raises
        ------
        LlamaError
            If llama.cpp cannot tokenise the text.
        """
        data = text.encode("utf-8", "replace")
        lib, vocabulary = library(), self._open_vocabulary()
        room = len(data) + 8
        for _ in range(2):
            tokens: Tokens = np.empty(room, np.int32)
            pointer = tokens.ctypes.data_as(ctypes.POINTER(ctypes.c_int32))
            count = lib.llama_tokenize(vocabulary, data, len(data), pointer, room, False, special)
            if count >= 0:
                exact: Tokens = tokens[:count].copy()
                return exact
            room = -count
        raise LlamaError(f"llama.cpp cannot tokenise a text of {len(data)} bytes")

    def piece(self, token: int) -> bytes:
        """Return the bytes that a token stands for; none for a special token."""
        lib, vocabulary = library(), self._open_vocabulary()
        count = lib.llama_token_to_piece(
            vocabulary, token, self._piece_buffer, len(self._piece_buffer), 0, False
        )
        if count < 0:
            self._piece_buffer = ctypes.create_string_buffer(-count)
            return self.piece(token)
        return self._piece_buffer.raw[:count]

    def _open_vocabulary(self) -> Any:
        """The vocabulary, which is freed with the model."""
        if self._vocab is None:
            raise LlamaError(f"{self.path.name} is closed; its text and tokens are out of reach")
        return self._vocab
