"""Pages that follow each other, as ranges."""

from __future__ import annotations

from keydiff_cli.documents.page_runs import runs


def test_numbers_that_follow_each_other_are_a_run() -> None:
    assert runs([41, 12, 40, 44]) == [(12, 12), (40, 41), (44, 44)]
    assert runs([]) == []
