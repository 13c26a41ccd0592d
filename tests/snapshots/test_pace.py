"""Writing takes a fiftieth of the time, however long a snapshot takes."""

from __future__ import annotations

import pytest

from keydiff_cli.snapshots.pace import SHARE, Pace


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_before_the_first_snapshot_its_size_tells() -> None:
    clock = Clock()
    pace = Pace(clock)
    assert not pace.due(10**8)  # half a second to write, by the guess
    clock.now += 0.5 / SHARE - 0.01
    assert not pace.due(10**8)
    clock.now += 0.02
    assert pace.due(10**8)
    assert not pace.due(10**9)


def test_afterwards_the_time_of_the_last_one_does() -> None:
    clock = Clock()
    pace = Pace(clock)
    with pace.writing():
        clock.now += 3
    assert pace.seconds == 3
    clock.now += 3 / SHARE - 0.01
    assert not pace.due(1)
    clock.now += 0.02
    assert pace.due(10**12)


def test_writing_that_fails_counts() -> None:
    clock = Clock()
    pace = Pace(clock)
    with pytest.raises(OSError), pace.writing():
        clock.now += 2
        raise OSError
    assert pace.seconds == 2
    assert not pace.due(1)
