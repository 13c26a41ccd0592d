"""Where a turn of a conversation begins in the cache."""

from __future__ import annotations

from dataclasses import dataclass

from keydiff_cli.cache import KVCache
from keydiff_cli.engine.answer import forget
from keydiff_cli.text.prompts import Asked


@dataclass(frozen=True)
class TurnStart:
    """Where a turn begins: the next token, its position, what was evicted and compacted before."""

    tokens: int
    position: int
    evicted: int
    compacted: int

    @classmethod
    def of(cls, cache: KVCache) -> TurnStart:
        """Where the next turn begins."""
        return cls(cache.tokens, cache.position, cache.evicted, len(cache.shifts))

    def reachable(self, cache: KVCache) -> bool:
        """Whether what was in the cache then is still there, at the same positions."""
        there = cache.tokens >= self.tokens
        return there and cache.evicted == self.evicted and len(cache.shifts) == self.compacted

    def drop_passages(self, cache: KVCache, asked: Asked) -> None:
        """Forget the passages that were put before a question, so that the talk keeps its room."""
        first, last = asked.passages
        if last == first:
            return
        cache.unpin(self.tokens)
        cache.pin(self.tokens, self.tokens + first)
        cache.pin(self.tokens + last, self.tokens + len(asked.ids))
        if self.reachable(cache):
            cache.rows.remove(self.position + first, self.position + last)
        else:
            forget(cache, self.tokens + first, self.tokens + last)
