"""What the machine has, and what this process uses of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from keydiff_cli.system import machine


def test_the_peak_is_at_least_what_is_used_now() -> None:
    resident = machine.resident()
    assert 10**6 < resident <= machine.peak() <= machine.physical_memory()


def test_the_peak_stays_when_memory_is_given_back() -> None:
    before = machine.resident()
    block = np.ones(2**23, np.float64)  # 64 MiB
    assert machine.resident() - before > 0.9 * block.nbytes
    del block
    assert machine.resident() - before < 2**25
    assert machine.peak() - before > 0.9 * 2**26


def test_there_is_a_core() -> None:
    assert machine.physical_cores() >= 1


@pytest.fixture
def group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The control group of a container, two levels below the root."""
    folder = tmp_path / "cgroup" / "pod" / "container"
    folder.mkdir(parents=True)
    own = tmp_path / "own"
    own.write_text("0::/pod/container\n")
    monkeypatch.setattr(machine, "_CGROUPS", tmp_path / "cgroup")
    monkeypatch.setattr(machine, "_OWN_CGROUP", own)
    return folder


def test_a_container_has_no_more_memory_than_its_limits(group: Path) -> None:
    (group / "memory.max").write_text("max\n")
    (group.parent / "memory.max").write_text("500000000\n")
    assert machine.physical_memory() == 500_000_000
    (group / "memory.max").write_text("300000000\n")
    assert machine.physical_memory() == 300_000_000
    (group / "memory.max").write_text(f"{2**60}\n")
    (group.parent / "memory.max").unlink()
    assert 10**8 < machine.physical_memory() < 2**60


def test_a_container_has_no_more_cores_than_its_share_of_time(group: Path) -> None:
    free = machine.physical_cores()
    (group / "cpu.max").write_text("max 100000\n")
    assert machine.physical_cores() == free
    (group / "cpu.max").write_text("100000 100000\n")
    assert machine.physical_cores() == 1
    (group / "cpu.max").write_text("20000 100000\n")
    assert machine.physical_cores() == 1
