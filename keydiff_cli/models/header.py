"""What the header of a GGUF file says of the model in it, read without loading anything.

The format: a magic, the version, the numbers of tensors and of entries, and then entries, each a
name, a type and a value (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md).
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_SCALARS = {
    **{0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i"},
    **{6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"},
}
_STRING, _ARRAY = 8, 9
_LONGEST = 2**20  # bytes of a text, entries of a file
# The quantisation by ``general.file_type``, numbers of ``enum llama_ftype``.
_QUANTS = {
    **{0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K"},
    **{11: "Q3_K_S", 12: "Q3_K_M", 13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S"},
    **{17: "Q5_K_M", 18: "Q6_K", 19: "IQ2_XXS", 20: "IQ2_XS", 21: "Q2_K_S", 22: "IQ3_XS"},
    **{23: "IQ3_XXS", 24: "IQ1_S", 25: "IQ4_NL", 26: "IQ3_S", 27: "IQ3_M", 28: "IQ2_S"},
    **{29: "IQ2_M", 30: "IQ4_XS", 31: "IQ1_M", 32: "BF16", 36: "TQ1_0", 37: "TQ2_0"},
    38: "MXFP4_MOE",
}
# Architectures with learned positions, which end with the trained context, or with ALiBi, which
# takes the distance between cells for that between tokens.
WITHOUT_ROTATION = frozenset({"gpt2", "starcoder", "mpt", "bloom", "refact", "jais"})
_RECURRENT = ("ssm.", "wkv.", "shortconv.", "kda.")  # beginnings of what such a part is given
_NO_DECODER = frozenset({"clip", "t5", "t5encoder"})
_EMBEDDING = ("bert", "embedding")  # what the names of such architectures have in them


class HeaderError(Exception):
    """A file has no header that can be read. The message is one clause."""


@dataclass(frozen=True)
class Header:
    """What is said of a model.

    Attributes
    ----------
    architecture
        Its name, such as ``llama``.
    context
        Length of the context that it was trained for, in tokens; None if it is not said.
    quant
        Its quantisation; None where that is not among the entries that were read.
    problem
        Why keydiff cannot use it, as far as the header tells; None if it may.
    """

    architecture: str
    context: int | None
    quant: str | None
    problem: str | None


def read_header(path: Path, *, whole: bool = False) -> Header:
    """Read the header of a GGUF file.

    Parameters
    ----------
    whole
        Whether to read on beyond the vocabulary, which takes longer, and after which the
        quantisation often stands.

    Raises
    ------
    HeaderError
        If it is no GGUF file, or is damaged.
    """
    entries: dict[str, Any] = {}
    try:
        with (
            path.open("rb") as stream,
            mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data,
        ):
            for key, value in _entries(data):
                if key.startswith("tokenizer.") and not whole and "general.architecture" in entries:
                    break
                if value is not None:
                    entries[key] = value
    except (OSError, ValueError, struct.error, IndexError, MemoryError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no GGUF file, or damaged"
        raise HeaderError(reason or "unreadable") from error
    arch = entries.get("general.architecture")
    if not isinstance(arch, str):
        raise HeaderError("no model: its header names no architecture")
    context = entries.get(f"{arch}.context_length")
    return Header(
        arch,
        context if isinstance(context, int) else None,
        _QUANTS.get(entries.get("general.file_type", -1)),
        _problem(arch, entries),
    )


def _problem(arch: str, entries: dict[str, Any]) -> str | None:
    own = {key.removeprefix(f"{arch}."): value for key, value in entries.items()}
    if arch in _NO_DECODER or entries.get("general.type") in ("mmproj", "imatrix", "adapter"):
        return f"no language model ({arch})"
    if any(part in arch for part in _EMBEDDING) or own.get("attention.causal") is False:
        return f"an embedding or encoder model ({arch})"
    if own.get("pooling_type"):
        return f"an embedding model ({arch})"
    if any(key.startswith(_RECURRENT) for key in own):
        return f"recurrent or hybrid ({arch}): it has no ordinary cache"
    if arch in WITHOUT_ROTATION or own.get("attention.max_alibi_bias"):
        return f"without rotary positions ({arch})"
    return None


def _entries(data: mmap.mmap) -> Iterator[tuple[str, Any]]:
    """The entries of a header in their order, with None for what is passed over."""
    if data[:4] != b"GGUF":
        raise ValueError
    version, _, count = struct.unpack_from("<IQQ", data, 4)
    if version < 2 or count > _LONGEST:
        raise ValueError
    at = 24
    for _ in range(count):
        key, at = _text(data, at)
        (kind,) = struct.unpack_from("<I", data, at)
        value, at = _value(data, at + 4, kind)
        yield key, value


def _value(data: mmap.mmap, at: int, kind: int) -> tuple[Any, int]:
    """A value, and where the next thing begins."""
    if kind == _STRING:
        return _text(data, at)
    if kind != _ARRAY:
        code = f"<{_SCALARS.get(kind, 'x')}"
        if kind not in _SCALARS:
            raise ValueError
        return struct.unpack_from(code, data, at)[0], at + struct.calcsize(code)
    inner, count = struct.unpack_from("<IQ", data, at)
    at += 12
    if inner == _STRING:
        length = struct.Struct("<Q").unpack_from
        for _ in range(count):
            at += 8 + length(data, at)[0]
        return None, at
    if inner not in _SCALARS:
        raise ValueError
    return None, at + count * struct.calcsize(f"<{_SCALARS[inner]}")


def _text(data: mmap.mmap, at: int) -> tuple[str, int]:
    (length,) = struct.unpack_from("<Q", data, at)
    end = at + 8 + length
    if length > _LONGEST or end > len(data):
        raise ValueError
    return data[at + 8 : end].decode("utf-8", "replace"), end
