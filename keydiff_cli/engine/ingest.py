"""Reading: block by block into the cache, which never exceeds its budget by more than a block."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from keydiff_cli.cache import KVCache
from keydiff_cli.eviction import Policy
from keydiff_cli.llama import Tokens
from keydiff_cli.text.blocks import Block
from keydiff_cli.text.prompts import Asked


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
    question: Asked | None = None,
    appended: Callable[[Block], None] | None = None,
) -> Iterator[Block]:
    """Block prompt processing (KeyDiff, arXiv 2504.15364, section 3): run a block, then evict.

    Goes on from block to block as it is iterated over.

    Parameters
    ----------
    cache
        Holds the pinned head already.
    budget
        N: tokens kept per head, the pinned ones aside.
    question
        The question, for policies that watch it: its tokens are run after each block, scored
        by, and forgotten again. Of a question longer than a block the lead and the end are run, so
        that this takes no more time than reading does.
    appended
        Called when a block is in the cache, before anything is evicted.

    Yields
    ------
    Each block, when it was read. Whoever runs other tokens then has the cache hold what it did,
    row by row, before the next one.
    """
    keep = cache.pinned_rows + policy.largest(budget)
    limit = min(cache.keeps(keep, policy))
    asked = None if question is None else question.cut(cache.context.batch)
    spare = max(cache.context.cells - keep, 0)  # for what is said before the next block
    for block in blocks:
        cache.compact(len(block.ids) + spare)
        cache.append(block.ids, watch=policy.watch in ("block", "stream"))
        if appended is not None:
            appended(block)
        if policy.watch == "question" and asked is not None and cache.used > limit:
            cache.look(asked.ids, asked.lead)
        cache.evict(keep, policy)
        yield block
