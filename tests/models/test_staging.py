"""The staging folder: what is taken up again, what is dropped, and what progress says."""

from __future__ import annotations

from pathlib import Path

import pytest
from model_helpers import sha256

from keydiff_cli.models.staging import Reporter, Staging


def test_progress_never_goes_back_or_past_the_end() -> None:
    calls: list[tuple[int, int]] = []
    report = Reporter(lambda done, total: calls.append((done, total)), 10)
    for done in (0, 4, 4, 2, 7, 25, 30):
        report(done)
    assert calls == [(0, 10), (4, 10), (7, 10), (10, 10)]
    Reporter(None, 10)(5)


def stage(folder: Path, tail: bytes) -> None:
    """Leave a folder as an interrupted download does: two finished parts, and half of another."""
    staging = Staging(folder)
    staging.resume("source", Reporter(None, 0))
    for part in (b"abc", b"defg"):
        staging.write(part)
        staging.finish_part()
    staging.write(tail)
    staging.flush()
    staging.close()


@pytest.mark.parametrize("keep_tail", [False, True])
def test_finished_parts_are_taken_up_and_half_a_part_only_if_wanted(
    keep_tail: bool, tmp_path: Path
) -> None:
    stage(tmp_path, b"hi")
    calls: list[int] = []
    staging = Staging(tmp_path)
    report = Reporter(lambda done, _: calls.append(done), 20)
    assert staging.resume("source", report, keep_tail=keep_tail) == 2
    kept = b"abcdefghi" if keep_tail else b"abcdefg"
    assert (staging.size, staging.sha256) == (len(kept), sha256(kept))
    assert calls == ([3, 7, 9] if keep_tail else [3, 7])
    staging.write(b"XY")
    staging.finish_part()
    staging.close()
    assert staging.path.read_bytes() == kept + b"XY"
    assert staging.resume("source", Reporter(None, 0)) == 3
    staging.close()


def test_a_start_from_nothing_drops_every_byte(tmp_path: Path) -> None:
    stage(tmp_path, b"")
    staging = Staging(tmp_path)
    staging.resume("source", Reporter(None, 0))
    staging.restart()
    assert (staging.size, staging.sha256) == (0, sha256(b""))
    staging.write(b"new")
    staging.close()
    assert (staging.path.read_bytes(), staging.key) == (b"new", "source")


def test_what_is_discarded_leaves_no_folder(tmp_path: Path) -> None:
    stage(tmp_path / "staging", b"hi")
    staging = Staging(tmp_path / "staging")
    assert staging.key == "source"
    staging.discard()
    assert staging.key == ""
    assert list(tmp_path.iterdir()) == []


def test_more_room_than_any_disk_has_is_refused(tmp_path: Path) -> None:
    staging = Staging(tmp_path / "staging")
    staging.require_room(1, 1)
    with pytest.raises(OSError, match="needed") as caught:
        staging.require_room(2**62, 0)
    assert caught.value.strerror is not None and "free" in caught.value.strerror
