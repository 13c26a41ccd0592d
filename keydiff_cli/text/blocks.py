"""Tokens to blocks: what is read between two evictions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

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


def blocks(tokens: Tokens, size: int, start: int = 0) -> Iterator[Block]:
    """Cut tokens into blocks of ``size`` (B); only the last may be shorter.

    ``start`` is the number of the first token.
    """
    for first in range(0, len(tokens), size):
        yield Block(start + first, tokens[first : first + size])
