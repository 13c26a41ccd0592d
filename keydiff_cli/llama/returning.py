"""Memory that was freed goes back to the system, where the C library would keep it."""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any


def return_memory() -> None:
    """Give back what was freed, also between what is in use; does nothing where that is not known.

    A cache that is freed leaves a hole among what stays, and the next one may be larger: with
    glibc a process that reads one document after another would grow by some of them.
    """
    if trim := _trim():
        trim(0)


@cache
def _trim() -> Any:
    try:
        return ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # another C library
        return None
