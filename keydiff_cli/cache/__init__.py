"""The KV cache: which token sits where, its rows in memory, and eviction inside it.

llama.cpp gives a *cell* to every token: metadata (the position) shared by all layers and heads,
and one row of keys and of values per layer and head. Only the rows are per head, so after an
eviction a cell's rows come from different tokens: ``origin`` says from which.
"""

from keydiff_cli.cache.access import Access
from keydiff_cli.cache.aside import Aside
from keydiff_cli.cache.evictor import EvictionTimes
from keydiff_cli.cache.image import Image, Mark, Pin
from keydiff_cli.cache.kv_cache import KVCache
from keydiff_cli.cache.quantized import quantize, quantized_width, to_half
from keydiff_cli.cache.rows import HeadRows, LostRowsError
from keydiff_cli.cache.shifts import Shift, Stretch, read_at, stretches
from keydiff_cli.cache.state import Bytes
from keydiff_cli.cache.turning import turned

__all__ = [
    "Access",
    "Aside",
    "Bytes",
    "EvictionTimes",
    "HeadRows",
    "Image",
    "KVCache",
    "LostRowsError",
    "Mark",
    "Pin",
    "Shift",
    "Stretch",
    "quantize",
    "quantized_width",
    "read_at",
    "stretches",
    "to_half",
    "turned",
]
