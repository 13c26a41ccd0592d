"""Reading: block by block into the cache, which never exceeds its budget by more than a block."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from keydiff_cli.blocks import Block
from keydiff_cli.cache import KVCache
from keydiff_cli.eviction import Policy
from keydiff_cli.llama import Tokens


def read_head(cache: KVCache, head: Tokens, block: int) -> None:
    """Run the tokens before the documents, at most ``block`` at a time, and pin them."""
    for first in range(0, len(head), block):
        cache.append(head[first : first + block])
    cache.pin(0, len(head))


def ingest(
    cache: KVCache,
    blocks: Iterable[Block],
    *,
    policy: Policy,
    budget: int,
    progress: Callable[[Block], None] | None = None,
) -> int:
    """Block prompt processing (KeyDiff, arXiv 2504.15364, section 3): run a block, then evict.

    Parameters
    ----------
    cache
        Holds the pinned head already.
    budget
        N: tokens kept per head, the pinned ones aside.
    progress
        Called after each block.

    Returns
    -------
    Number of tokens read.
    """
    read = 0
    keep = cache.pinned_tokens + budget
    for block in blocks:
        cache.append(block.ids)
        cache.evict(keep, policy)
        read += len(block.ids)
        if progress is not None:
            progress(block)
    return read
