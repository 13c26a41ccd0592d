"""One cap for several workers: the weights count once."""

from __future__ import annotations

import pytest

from keydiff_cli.planning.sharing import Sharing
from keydiff_cli.settings.config import Settings
from keydiff_cli.system import machine


def test_the_shares_of_workers_add_up_to_the_cap() -> None:
    sharing = Sharing(workers=3, weights=1000, own=100)
    assert sharing.each(4100) == 1000 + (4100 - 1100) // 3 == 2000
    assert sharing.total(2000) == 4100
    assert str(sharing.too_small(500, 10**9)).startswith(
        "a memory cap of 500 B is too small for 3 workers: the smallest cap that works is "
    )


def test_memory_and_threads_are_divided(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "physical_cores", lambda: 8)
    sharing = Sharing(workers=3, weights=1000, own=100)
    assert sharing.settings(Settings()) == Settings(threads=2)
    shared = sharing.settings(Settings(memory=4100, threads=2))
    assert (shared.memory, shared.threads) == (2000, 1)
