"""Memory that was freed is given back, where the C library can."""

from __future__ import annotations

import platform

import pytest

from keydiff_cli.llama import return_memory
from keydiff_cli.system.machine import resident


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library is another one")
def test_what_was_freed_below_what_is_in_use_is_given_back() -> None:
    blocks = [bytes([n % 256]) * 60_000 for n in range(800)]  # in the heap, not mapped alone
    last = bytes([1]) * 60_000
    del blocks
    before = resident()
    return_memory()
    assert before - resident() > 30 * 10**6
    assert last[0] == 1
