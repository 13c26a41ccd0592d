"""The right to write the snapshots of a reading."""

from __future__ import annotations

from pathlib import Path

import pytest
from snapshot_helpers import DESCRIPTION, arrays, save

from keydiff_cli.snapshots import Store
from keydiff_cli.snapshots.claim import Claim


def test_one_claim_at_a_time_has_the_right(store: Store) -> None:
    first, second = Claim(store, "one", None), Claim(store, "one", None)
    assert first.writer is not None
    assert second.writer is None
    other = Claim(store, "another", None)
    assert other.writer is not None
    first.close()
    assert first.writer is None
    third = Claim(store, "one", None)
    assert third.writer is not None
    for claim in (second, third, other):
        claim.close()


def test_the_first_snapshot_takes_the_place_of_one_superseded(store: Store) -> None:
    before = save(store)
    claim = Claim(store, "one", before.path)
    assert before.path.exists()
    assert claim.writer is not None
    claim.writer.write("1" * 12, {**DESCRIPTION, "tokens": 31}, arrays())
    assert [entry.id for entry in store.entries()] == ["1" * 12]
    claim.close()


def test_a_folder_that_cannot_be_written_to_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(OSError, match="file"):
        Claim(Store(tmp_path / "file" / "folder", 10**9, pytest.fail), "one", None)
