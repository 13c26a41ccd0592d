"""Tokens to blocks: what is read between two evictions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from keydiff_cli.llama import Tokens


@dataclass(frozen=True)
class Block:
    """Consecutive tokens.

    Attributes
    ----------
    start
        Number of the first one among all tokens of the documents.
    ids
        The tokens: int32 ``[tokens]``.
    """

    start: int
    ids: Tokens

    @property
    def stop(self) -> int:
        """Number of the token after the last one."""
        return self.start + len(self.ids)


def blocks(tokens: Iterable[Tokens], size: int, start: int = 0) -> Iterator[Block]:
    """Cut a stream of tokens into blocks of ``size`` (B); only the last may be shorter.

    ``start`` is the number of the first token.
    """
    rest = np.empty(0, np.int32)
    for part in tokens:
        rest = np.concatenate((rest, part))
        while len(rest) >= size:
            yield Block(start, rest[:size])
            start += size
            rest = rest[size:]
    if len(rest):
        yield Block(start, rest)
