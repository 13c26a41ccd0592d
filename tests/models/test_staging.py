"""The staging folder: what is taken up again, what is dropped, and what progress says."""

from __future__ import annotations

from pathlib import Path

import pytest
from model_helpers import sha256, stage

from keydiff_cli.models.staging import Reporter, Staging


def test_progress_never_goes_back_or_past_the_end() -> None:
    calls: list[tuple[int, int]] = []
    report = Reporter(lambda done, total: calls.append((done, total)), 10)
    for done in (0, 4, 4, 2, 7, 25, 30):
        report(done)
    assert calls == [(0, 10), (4, 10), (7, 10), (10, 10)]
    Reporter(None, 10)(5)


@pytest.mark.parametrize("keep_tail", [False, True])
def test_finished_parts_are_taken_up_and_half_a_part_only_if_wanted(
    keep_tail: bool, tmp_path: Path
) -> None:
    stage(tmp_path, b"abc", b"defg", tail=b"hi")
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
    stage(tmp_path, b"abc", b"defg")
    staging = Staging(tmp_path)
    staging.resume("source", Reporter(None, 0))
    staging.restart()
    assert (staging.size, staging.sha256) == (0, sha256(b""))
    staging.write(b"new")
    staging.close()
    assert (staging.path.read_bytes(), staging.key) == (b"new", "source")


def test_what_is_discarded_leaves_no_folder(tmp_path: Path) -> None:
    stage(tmp_path / "staging", b"abc", tail=b"hi")
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


@pytest.mark.parametrize(("position", "good"), [(0, 0), (3, 1), (6, 2), (9, 3)])
def test_a_part_that_changed_on_disk_is_dropped(position: int, good: int, tmp_path: Path) -> None:
    staging = stage(tmp_path, b"abc", b"def", b"ghi")
    content = bytearray(staging.path.read_bytes() + b"half a part")
    content[position] ^= 1
    staging.path.write_bytes(bytes(content))
    assert staging.resume("source", Reporter(None, 0)) == good
    staging.write(b"xyz")
    staging.close()
    expected = b"abcdefghi"[: 3 * good] + b"xyz"
    assert staging.path.read_bytes() == expected
    assert staging.sha256 == sha256(expected)


def test_bytes_of_another_source_are_kept_until_the_first_write(tmp_path: Path) -> None:
    staging = stage(tmp_path, b"abc")
    report = Reporter(None, 0)
    assert staging.resume("other", report) == 0
    assert (staging.size, staging.key) == (0, "source")
    assert staging.resume("source", report) == 1
    assert staging.resume("other", report) == 0
    staging.write(b"x")
    staging.close()
    assert (staging.path.read_bytes(), staging.key) == (b"x", "other")


@pytest.mark.parametrize("damage", ["", "{", '{"key": 1}', '{"key": "source", "parts": [[1]]}'])
def test_a_damaged_journal_starts_over(damage: str, tmp_path: Path) -> None:
    staging, report = stage(tmp_path, b"abc"), Reporter(None, 6)
    (tmp_path / "journal.json").write_text(damage)
    assert staging.resume("source", report) == 0
    staging.write(b"abcdef")
    assert staging.sha256 == sha256(b"abcdef")
    staging.close()
    assert staging.path.read_bytes() == b"abcdef"
