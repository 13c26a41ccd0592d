"""Opening the engine: a context of a model, and the KV cache that both loops work on."""

from __future__ import annotations

from collections.abc import Callable

from keydiff_cli.cache import Access, KVCache
from keydiff_cli.compaction import Compaction
from keydiff_cli.llama import Context, Model
from keydiff_cli.system.machine import physical_cores


def open_engine(
    model: Model,
    *,
    cells: int,
    block: int,
    kv_type: str = "f16",
    threads: int | None = None,
    observe: bool = False,
    access: Access | None = None,
    stretch: float = 1.0,
    positions: Callable[[int], Compaction | None] | None = None,
) -> KVCache:
    """Open an empty cache over a model; its context is to be closed (``cache.context.close()``).

    Parameters
    ----------
    model
        The model, with its weights.
    cells
        Tokens that the cache must hold at once; llama.cpp rounds up to a multiple of 256.
    block
        B: the most tokens that are run at once.
    kv_type
        How keys and values are stored: ``f16`` or ``q8_0``.
    threads
        Threads to compute with; None means one for each physical core.
    observe
        Whether policies will look at queries, or keep less in some layers than in others.
    access
        How the rows are reached (see :class:`~keydiff_cli.cache.KVCache`); None means the first
        way that is possible.
    stretch
        By what YaRN is to stretch the length that the model was trained for.
    positions
        Gives what happens when positions come to the end of the longest text that the model was
        made for, from the length of that text in tokens; None: they count on.

    Raises
    ------
    ModelError
        If llama.cpp cannot set up the context, or the cache is of an unknown kind. The context
        is closed then.
    """
    context = Context(
        model,
        cells=cells,
        batch=block,
        kv_type=kv_type,
        threads=threads or physical_cores(),
        observe=observe,
        stretch=stretch,
    )
    try:
        compaction = None if positions is None else positions(model.longest_text(context.cells))
        return KVCache(context, access=access, compaction=compaction)
    except BaseException:
        context.close()
        raise
