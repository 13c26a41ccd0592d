"""Makers of tiny GGUF models, with weights of 0 or random ones, complete enough to be run."""

from __future__ import annotations

import struct
from collections.abc import Mapping

import numpy as np

Value = bool | int | np.uint16 | np.int32 | float | str | list[int] | list[str]
Shapes = Mapping[str, tuple[int, ...]]

_WIDTH, _TOKENS, _CONTEXT, _INNER, _STATE, _RANK = 32, 8, 64, 64, 16, 2
_HEAD = 64  # numbers of a key


def gguf(metadata: Mapping[str, Value], tensors: Shapes, seed: int | None = None) -> bytes:
    """Write a file in version 3 of the format.

    All tensors are float32, filled with zeros, or with random numbers if there is a ``seed``: of
    norms near 1, and of tokens near 0, so that what a model says depends on what it attends to.
    """
    out = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(metadata))
    for key, value in metadata.items():
        out += _string(key) + _value(value)
    data = b""
    random = np.random.default_rng(seed)
    for name, shape in tensors.items():
        out += _string(name) + struct.pack(f"<I{len(shape)}Q", len(shape), *shape)
        out += struct.pack("<IQ", 0, len(data))
        size = int(np.prod(shape))
        if "rope_f" in name:  # factors, which must not be near 0
            numbers = random.uniform(0.5, 8, size)
        else:
            spread = 0.01 if "token_embd" in name else 0.1
            numbers = random.normal(1 if "norm" in name else 0, spread, size)
        data += (np.zeros(size) if seed is None else numbers).astype("<f4").tobytes()
        data += bytes(-len(data) % 32)
    return out + bytes(-len(out) % 32) + data


def decoder(
    architecture: str,
    settings: Mapping[str, Value] | None = None,
    vocabulary: Mapping[str, Value] | None = None,
    **more: tuple[int, ...],
) -> bytes:
    """A model of four layers that can be run: two heads of 64 numbers, which share one KV head.

    Without a ``vocabulary`` it has some tokens that stand for no text.

    ``more`` are the shapes of other tensors by name, in which ``__`` stands for a point. A name
    that begins with ``blk__`` is that of a tensor in every layer; the shape ``()`` leaves it out.
    """
    width, kv = 2 * _HEAD, _HEAD
    layer = {
        "attn_norm.weight": (width,),
        "attn_q.weight": (width, width),
        "attn_k.weight": (width, kv),
        "attn_v.weight": (width, kv),
        "attn_output.weight": (width, width),
        "ffn_norm.weight": (width,),
        "ffn_gate.weight": (width, _INNER),
        "ffn_up.weight": (width, _INNER),
        "ffn_down.weight": (_INNER, width),
    }
    names = (vocabulary or {}).get("tokens")
    tokens = len(names) if isinstance(names, list) else _TOKENS
    whole = {"token_embd.weight": (width, tokens), "output_norm.weight": (width,)}
    for name, shape in more.items():
        tensor = name.replace("__", ".")
        if tensor.startswith("blk."):
            layer[tensor.removeprefix("blk.")] = shape
        else:
            whole[tensor] = shape
    for number in range(4):
        whole |= {f"blk.{number}.{name}": shape for name, shape in layer.items() if shape}
    common: dict[str, Value] = {
        "context_length": 8192,
        "embedding_length": width,
        "block_count": 4,
        "attention.head_count": 2,
        "attention.head_count_kv": 1,
        "feed_forward_length": _INNER,
        "attention.layer_norm_rms_epsilon": 1e-5,
        "attention.layer_norm_epsilon": 1e-5,
    }
    common["vocab_size"] = tokens
    return _model(architecture, whole, {**common, **(settings or {})}, vocabulary, seed=0)


def tiny(window: int = 0, template: str = "") -> bytes:
    """A model of bytes that can be asked; what it says means nothing, but depends on what it reads.

    With a ``window`` every second of its four layers attends to so many tokens only. A
    ``template`` is that of its chats.
    """
    names = [*map(_byte_name, range(256)), "th", "<s>", "</s>"]
    vocabulary: dict[str, Value] = {
        "model": "gpt2",
        "pre": "gpt-2",
        "tokens": names,
        "token_type": [1] * 257 + [3] * 2,
        "merges": ["t h"],
        "bos_token_id": 257,
        "eos_token_id": 258,
    }
    if template:
        vocabulary["chat_template"] = template
    if not window:
        return decoder("llama", {}, vocabulary)
    settings: dict[str, Value] = {
        "attention.key_length": _HEAD,
        "attention.value_length": _HEAD,
        "attention.sliding_window": window,
    }
    around = {f"blk__post_{name}_norm__weight": (2 * _HEAD,) for name in ("attention", "ffw")}
    return decoder("gemma2", settings, vocabulary, **around)


def _byte_name(byte: int) -> str:
    """How GPT-2 writes a byte: as a character that can be seen."""
    seen = [*range(33, 127), *range(161, 173), *range(174, 256)]
    return chr(byte if byte in seen else 256 + [x for x in range(256) if x not in seen].index(byte))


def mamba(layers: int = 1) -> bytes:
    """A recurrent model, whose header names so many layers, whatever it has."""
    norm = {"token_embd.weight": (_WIDTH, _TOKENS), "output_norm.weight": (_WIDTH,)}
    layer = {
        "attn_norm.weight": (_WIDTH,),
        "ssm_in.weight": (_WIDTH, 2 * _INNER),
        "ssm_conv1d.weight": (4, _INNER),
        "ssm_conv1d.bias": (_INNER,),
        "ssm_x.weight": (_INNER, _RANK + 2 * _STATE),
        "ssm_dt.weight": (_RANK, _INNER),
        "ssm_dt.bias": (_INNER,),
        "ssm_a": (_STATE, _INNER),
        "ssm_d": (_INNER,),
        "ssm_out.weight": (_INNER, _WIDTH),
    }
    return _model(
        "mamba",
        norm | {f"blk.0.{name}": shape for name, shape in layer.items()},
        {
            "ssm.conv_kernel": 4,
            "ssm.inner_size": _INNER,
            "ssm.state_size": _STATE,
            "ssm.time_step_rank": _RANK,
            "attention.layer_norm_rms_epsilon": 1e-5,
            "block_count": layers,
        },
    )


def bert() -> bytes:
    """An embedding model, which cannot generate."""
    layer: dict[str, tuple[int, ...]] = {}
    for name, sizes in {
        "attn_q": (_WIDTH, _WIDTH),
        "attn_k": (_WIDTH, _WIDTH),
        "attn_v": (_WIDTH, _WIDTH),
        "attn_output": (_WIDTH, _WIDTH),
        "attn_output_norm": (_WIDTH,),
        "ffn_up": (_WIDTH, _INNER),
        "ffn_down": (_INNER, _WIDTH),
        "layer_output_norm": (_WIDTH,),
    }.items():
        layer |= {f"blk.0.{name}.weight": sizes, f"blk.0.{name}.bias": (sizes[-1],)}
    embedding = {
        "token_embd.weight": (_WIDTH, _TOKENS),
        "position_embd.weight": (_WIDTH, _CONTEXT),
        "token_types.weight": (_WIDTH, 2),
        "token_embd_norm.weight": (_WIDTH,),
        "token_embd_norm.bias": (_WIDTH,),
    }
    return _model(
        "bert",
        embedding | layer,
        {
            "attention.head_count": 2,
            "feed_forward_length": _INNER,
            "attention.layer_norm_epsilon": 1e-5,
            "attention.causal": False,
            "pooling_type": 1,
        },
    )


def unknown(architecture: str) -> bytes:
    """A model of a kind that llama.cpp does not know."""
    return _model(architecture, {"token_embd.weight": (_WIDTH, _TOKENS)}, {})


def _model(
    architecture: str,
    tensors: Shapes,
    settings: Mapping[str, Value],
    vocabulary: Mapping[str, Value] | None = None,
    seed: int | None = None,
) -> bytes:
    common = {
        "context_length": _CONTEXT,
        "embedding_length": _WIDTH,
        "block_count": 1,
        "vocab_size": _TOKENS,
    }
    metadata: dict[str, Value] = {"general.architecture": architecture}
    metadata |= {f"{architecture}.{key}": value for key, value in {**common, **settings}.items()}
    vocabulary = vocabulary or {"model": "no_vocab", "token_type_count": 2}
    for key, value in vocabulary.items():
        metadata[f"tokenizer.{key}" if key == "chat_template" else f"tokenizer.ggml.{key}"] = value
    return gguf(metadata, tensors, seed)


def _string(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def _value(value: Value) -> bytes:
    if isinstance(value, np.uint16):
        return struct.pack("<IH", 2, value)
    if isinstance(value, np.int32):
        return struct.pack("<Ii", 5, value)
    if isinstance(value, bool):
        return struct.pack("<I?", 7, value)
    if isinstance(value, int):
        return struct.pack("<II", 4, value)
    if isinstance(value, float):
        return struct.pack("<If", 6, value)
    if isinstance(value, list) and isinstance(value[0], str):
        return struct.pack("<IIQ", 9, 8, len(value)) + b"".join(map(_string, value))
    if isinstance(value, list):
        return struct.pack("<IIQ", 9, 5, len(value)) + struct.pack(f"<{len(value)}i", *value)
    return struct.pack("<I", 8) + _string(value)


def with_template(model: bytes, template: str) -> bytes:
    """The same model with another chat template, which is not longer than the one it has."""
    key = b"tokenizer.chat_template"
    start = model.index(key) + len(key) + 4  # behind the kind of the value: a string
    (length,) = struct.unpack_from("<Q", model, start)
    start += 8
    text = template.encode()
    text += b"{#" + b" " * (length - len(text) - 4) + b"#}"
    if len(text) != length:
        raise ValueError("the template is too long")
    return model[:start] + text + model[start + length :]
