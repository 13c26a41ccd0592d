"""What several test files share: the sample document, texts cut in pieces, decoded tokens."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from keydiff_cli.llama import Model

SAMPLE = Path(__file__).resolve().parents[2] / "docs" / "sample"


class SpaceFirst:
    """A model of bytes that puts a space before every text, as SentencePiece vocabularies do."""

    def tokenize(self, text: str) -> NDArray[np.int32]:
        return np.frombuffer(b" " + text.encode(), np.uint8).astype(np.int32)

    def piece(self, token: int) -> bytes:
        return bytes([token])


def split_at(text: str, cuts: Iterable[int]) -> list[str]:
    """Cut ``text`` at places that may lie anywhere, also behind its end or twice at one."""
    places = sorted(min(cut, len(text)) for cut in cuts)
    return [text[a:b] for a, b in zip([0, *places], [*places, len(text)], strict=True)]


def decode(model: Model, tokens: Iterable[int]) -> bytes:
    """The text the tokens stand for; nothing for special tokens."""
    return b"".join(model.piece(int(token)) for token in tokens)


def joined(parts: Iterable[NDArray[np.int32]]) -> list[int]:
    """Token arrays as one list."""
    return [int(token) for part in parts for token in part]


def numbered(values: Iterable[int], sizes: list[int]) -> Iterator[NDArray[np.int32]]:
    """The values as int32 arrays of the given sizes, over and over."""
    rest, turn = np.array(list(values), np.int32), 0
    while len(rest):
        size = sizes[turn % len(sizes)]
        yield rest[:size]
        rest, turn = rest[size:], turn + 1
