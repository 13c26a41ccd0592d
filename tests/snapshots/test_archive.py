"""Archives: segments on disk, read piece by piece."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from keydiff_cli.snapshots.archive import Archive, Segment, write_piece, write_start
from keydiff_cli.snapshots.archive_form import ArchiveForm
from keydiff_cli.snapshots.format import DamagedError

FORM = ArchiveForm()
WIDTHS = [8, 8, 8, 12]
TOKENS = 100


def rows() -> list[NDArray[np.uint8]]:
    random = np.random.default_rng(0)
    return [random.integers(0, 256, (TOKENS, width), np.uint8) for width in WIDTHS]


def write(path: Path, start: int, stop: int, step: int) -> Path:
    """A segment of the rows from ``start`` to ``stop``, in pieces of ``step`` tokens."""
    with path.open("wb") as file:
        write_start(file, WIDTHS)
        for first in range(start, stop, step):
            write_piece(file, [part[first : min(first + step, stop)] for part in rows()])
    return path


def segment(path: Path, start: int, stop: int) -> Segment:
    return Segment(path.open("rb"), start, stop)


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    """Two segments, of which the first goes on behind what belongs to the archive."""
    first = segment(write(tmp_path / "1", 0, 60, 20), 0, 40)
    return Archive([first, segment(write(tmp_path / "2", 40, TOKENS, 25), 40, TOKENS)], FORM)


def test_the_keys_of_a_layer_come_in_order(archive: Archive) -> None:
    assert (archive.tokens, archive.widths) == (TOKENS, WIDTHS)
    for layer in range(2):
        pieces = list(archive.keys(layer))
        assert [len(piece) for piece in pieces] == [20, 20, 25, 25, 10]
        np.testing.assert_array_equal(np.concatenate(pieces), rows()[layer])
    archive.close()


@pytest.mark.parametrize("tokens", [[0], [19, 20, 39, 40, 41, 99], [64, 65], range(TOKENS)])
def test_rows_of_any_tokens_come_in_their_order(archive: Archive, tokens: list[int]) -> None:
    wanted = np.array(tokens, np.int64)
    for part, stored in zip(archive.rows(wanted), rows(), strict=True):
        np.testing.assert_array_equal(part, stored[wanted])


def test_rows_come_back_as_they_were_cached(tmp_path: Path) -> None:
    form, numbers = ArchiveForm(type="q8_0"), np.linspace(-2, 2, 10 * 32, dtype=np.float16)
    cached = [numbers.reshape(10, 32).view(np.uint8), -numbers.reshape(10, 32).view(np.uint8)]
    with (tmp_path / "1").open("wb") as file:
        write_start(file, form.widths([64, 64]))
        write_piece(file, form.pack(cached))
    archive = Archive([segment(tmp_path / "1", 0, 10)], form)
    assert (archive.kv_type, archive.whole, archive.widths) == ("q8_0", True, [34, 34])
    wanted = np.array([2, 3, 9])
    for part, stored in zip(archive.rows(wanted), form.pack(cached), strict=True):
        np.testing.assert_array_equal(part, form.unpack(stored[wanted]))
    (keys,) = archive.keys(0)
    np.testing.assert_array_equal(keys, form.pack(cached)[0])  # which are scored as they are


def test_an_archive_of_keys_has_as_many_arrays_as_layers(tmp_path: Path) -> None:
    with (tmp_path / "1").open("wb") as file:
        write_start(file, WIDTHS[:1])
        write_piece(file, rows()[:1])
    archive = Archive([segment(tmp_path / "1", 0, TOKENS)], ArchiveForm("keys"))
    assert not archive.whole
    np.testing.assert_array_equal(next(archive.keys(0)), rows()[0])


def test_each_byte_is_checked(tmp_path: Path) -> None:
    path = write(tmp_path / "1", 0, 40, 20)
    data = path.read_bytes()
    damaged = bytearray(data)
    damaged[-50] ^= 1  # in the values of the last piece
    path.write_bytes(damaged)
    archive = Archive([segment(path, 0, 40)], FORM)
    assert len(list(archive.keys(1))) == 2
    with pytest.raises(DamagedError, match="checksum"):
        list(archive.rows(np.array([30])))


def test_a_segment_that_is_cut_short_is_damaged(tmp_path: Path) -> None:
    path = write(tmp_path / "1", 0, 40, 20)
    data = path.read_bytes()
    for length in (0, 10, 20, len(data) - 1):
        path.write_bytes(data[:length])
        with pytest.raises(DamagedError, match=r"ends early|cannot be read"):
            segment(path, 0, 40)
    path.write_bytes(data[:-1])
    assert segment(path, 0, 20).stops == [20]


def test_what_is_no_segment_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "1", 0, 40, 20)
    data = path.read_bytes()
    with pytest.raises(DamagedError, match="other tokens"):
        segment(path, 0, 30)
    path.write_bytes(b"x" + data[1:])
    with pytest.raises(DamagedError, match="no archive"):
        segment(path, 0, 40)
    path.write_bytes(data.replace(b"[8, 8, 8, 12]", b"[8, 8, 8, -2]"))
    with pytest.raises(DamagedError, match="makes no sense"):
        segment(path, 0, 40)


def test_segments_have_to_follow_each_other(tmp_path: Path) -> None:
    first, second = write(tmp_path / "1", 0, 40, 20), write(tmp_path / "2", 60, 80, 20)
    with pytest.raises(DamagedError, match="do not follow"):
        Archive([segment(first, 0, 40), segment(second, 60, 80)], FORM)
    with pytest.raises(DamagedError, match="do not follow"):
        Archive([segment(second, 60, 80)], FORM)
