"""What a benchmark tells: its samples by name, texts that are too long; by itself it is silent."""

from __future__ import annotations

import pytest

from keydiff_cli.bench.bench_events import BenchEvents, sample_name, too_long


def test_a_sample_is_named_with_its_policy_and_budget_if_there_is_one() -> None:
    assert sample_name("needle-4096-0-0.5", "focus", 512) == "needle-4096-0-0.5 focus 512"
    assert sample_name("needle-4096-0-0.5", "full", None) == "needle-4096-0-0.5 full"


def test_texts_that_are_too_long_are_told_of_with_both_lengths() -> None:
    assert too_long(70, 64) == (
        "texts of 70 tokens are longer than the 64 that the model was made for; "
        "what it says of them may be wrong"
    )


def test_a_front_end_that_wants_nothing_shows_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    events = BenchEvents()
    events.working("needle full", 1, 2)
    events.finished_sample("needle full: 1.00", 2, 2)
    assert capfd.readouterr() == ("", "")
