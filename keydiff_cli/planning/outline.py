"""A model by its sizes alone, so that memory can be planned before its file is fetched.

llama.cpp plans for what stands in the header of a file. So the header is written, with tensors of
the sizes that the model has, and the file is made as long as they are without writing them.
"""

from __future__ import annotations

import struct
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from keydiff_cli.llama import Model
from keydiff_cli.models.catalogue import Shape

_Q4_0, _BLOCK, _BLOCK_BYTES = 2, 32, 18  # the type, numbers in a block of it, and their bytes
_F32 = 0
_ALIGNMENT = 32
_TEXT, _UINT32, _FLOAT32, _ARRAY = 8, 4, 6, 9


@contextmanager
def outlined(shape: Shape, context: int) -> Iterator[Model]:
    """A model of a shape, without weights, trained for a ``context`` of so many tokens.

    Raises
    ------
    ModelError
        If llama.cpp does not take it.
    OSError
        If there is no room for the file, where files have no holes.
    """
    with tempfile.TemporaryDirectory(prefix="keydiff-") as folder:
        path = Path(folder) / "outline.gguf"
        header, size = _header(shape, context)
        with path.open("wb") as stream:
            stream.write(header)
            stream.truncate(len(header) + size)
        with closing(Model(path, weights=False)) as model:
            yield model


def _header(shape: Shape, context: int) -> tuple[bytes, int]:
    """The header of a file, and the bytes of the tensors behind it."""
    entries = _entries(shape, context)
    tensors = dict(_tensors(shape))
    out = bytearray(b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(entries)))
    out += b"".join(entries)
    size = 0
    for name, dimensions in tensors.items():
        numbers = 1
        for dimension in dimensions:
            numbers *= dimension
        kind = _Q4_0 if len(dimensions) > 1 else _F32
        taken = numbers // _BLOCK * _BLOCK_BYTES if kind == _Q4_0 else 4 * numbers
        out += _text(name) + struct.pack(f"<I{len(dimensions)}Q", len(dimensions), *dimensions)
        out += struct.pack("<IQ", kind, size)
        size += -(-taken // _ALIGNMENT) * _ALIGNMENT
    return bytes(out + bytes(-len(out) % _ALIGNMENT)), size


def _entries(shape: Shape, context: int) -> list[bytes]:
    numbers = {
        "context_length": context,
        "block_count": shape.layers,
        "embedding_length": shape.width,
        "feed_forward_length": shape.inner,
        "attention.head_count": shape.heads,
        "attention.head_count_kv": shape.kv_heads,
        "attention.key_length": shape.head,
        "attention.value_length": shape.head,
        "rope.dimension_count": shape.head,
        "vocab_size": shape.vocabulary,
    }
    scales: tuple[str, ...] = (
        "attention.layer_norm_rms_epsilon",
        "attention.scale",
        "embedding_scale",
    )
    scales += ("residual_scale", "logit_scale")
    length = struct.pack("<Q", 8)  # of the names that follow
    names = b"".join(length + b"%08d" % number for number in range(shape.vocabulary))
    arch = shape.architecture
    return [
        _entry("general.architecture", _TEXT, _text(arch)),
        *(_entry(f"{arch}.{key}", _UINT32, struct.pack("<I", n)) for key, n in numbers.items()),
        *(_entry(f"{arch}.{key}", _FLOAT32, struct.pack("<f", 1)) for key in scales),
        _entry("tokenizer.ggml.model", _TEXT, _text("gpt2")),
        _entry("tokenizer.ggml.pre", _TEXT, _text("gpt-2")),
        _entry(
            "tokenizer.ggml.tokens",
            _ARRAY,
            struct.pack("<IQ", _TEXT, shape.vocabulary) + names,
        ),
        _entry("tokenizer.ggml.merges", _ARRAY, struct.pack("<IQ", _TEXT, 1) + _text("0 0")),
    ]


def _tensors(shape: Shape) -> Iterator[tuple[str, tuple[int, ...]]]:
    """The tensors of a decoder with a gated feed-forward layer, by name."""
    width, queries, keys = shape.width, shape.heads * shape.head, shape.kv_heads * shape.head
    yield "token_embd.weight", (width, shape.vocabulary)
    yield "output_norm.weight", (width,)
    for layer in range(shape.layers):
        parts = {
            "attn_norm.weight": (width,),
            "attn_q.weight": (width, queries),
            "attn_k.weight": (width, keys),
            "attn_v.weight": (width, keys),
            "attn_output.weight": (queries, width),
            "ffn_norm.weight": (width,),
            "ffn_gate.weight": (width, shape.inner),
            "ffn_up.weight": (width, shape.inner),
            "ffn_down.weight": (shape.inner, width),
        }
        if shape.architecture == "qwen2":
            parts |= {"attn_q.bias": (queries,), "attn_k.bias": (keys,), "attn_v.bias": (keys,)}
        if shape.architecture == "qwen3":
            parts |= {f"attn_{kind}_norm.weight": (shape.head,) for kind in "qk"}
        for name, dimensions in parts.items():
            yield f"blk.{layer}.{name}", dimensions


def _entry(key: str, kind: int, value: bytes) -> bytes:
    return _text(key) + struct.pack("<I", kind) + value


def _text(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<Q", len(data)) + data
