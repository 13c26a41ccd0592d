"""The archive of one reading, behind those of earlier ones."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from keydiff_cli.snapshots.archive_form import ArchiveForm
from keydiff_cli.snapshots.archivist import (
    MOST_SEGMENTS,
    Archivist,
    SegmentPart,
    open_parts,
    parse_parts,
)
from keydiff_cli.snapshots.format import DamagedError

FORM = ArchiveForm()
WIDTHS = [4, 6]


def rows(start: int, stop: int) -> list[NDArray[np.uint8]]:
    """Rows whose bytes are the number of their token."""
    tokens = np.arange(start, stop, dtype=np.uint8)[:, None]
    return [np.tile(tokens, (1, width)) for width in WIDTHS]


def tokens_of(archivist: Archivist) -> list[int]:
    archive = archivist.archive()
    assert archive is not None
    return [int(token) for piece in archive.keys(0) for token in piece[:, 0]]


@pytest.fixture
def earlier(tmp_path: Path) -> list[SegmentPart]:
    """An archive of 20 tokens, of which 15 belong to a snapshot."""
    archivist = Archivist([], tmp_path / "1.archive", FORM, WIDTHS, pytest.fail, 10**9)
    for start in range(0, 20, 5):
        archivist.add(rows(start, start + 5))
    assert archivist.description() == [["1.archive", 0, 20]]
    archivist.close()
    return [SegmentPart("1.archive", 0, 15)]


def test_what_is_added_comes_behind_what_was_there(
    earlier: list[SegmentPart], tmp_path: Path
) -> None:
    parts = list(zip(earlier, open_parts(tmp_path, earlier), strict=True))
    archivist = Archivist(parts, tmp_path / "2.archive", FORM, WIDTHS, pytest.fail, 10**9)
    assert archivist.description() == [["1.archive", 0, 15]]
    assert not (tmp_path / "2.archive").exists()  # as nothing was added yet
    assert tokens_of(archivist) == list(range(15))
    archivist.add(rows(15, 18))
    archivist.add(rows(18, 21))
    assert archivist.description() == [["1.archive", 0, 15], ["2.archive", 15, 21]]
    assert tokens_of(archivist) == list(range(21))
    archivist.add(rows(21, 22))  # although it was read from
    assert tokens_of(archivist) == list(range(22))
    assert (tmp_path / "2.archive").stat().st_mode & 0o777 == 0o600
    archivist.close()
    described = [["1.archive", 0, 15], ["2.archive", 15, 22]]
    assert [segment.stop for segment in open_parts(tmp_path, parse_parts(described))] == [15, 22]


def grown(folder: Path, times: int) -> list[SegmentPart]:
    """An archive of ten tokens that has grown by a token so many times."""
    parts: list[SegmentPart] = []
    for number in range(times + 1):
        opened = list(zip(parts, open_parts(folder, parts), strict=True))
        archivist = Archivist(
            opened, folder / f"{number}.archive", FORM, WIDTHS, pytest.fail, 10**9
        )
        start = parts[-1].stop if parts else 0
        archivist.add(rows(start, start + (1 if parts else 10)))
        assert tokens_of(archivist) == list(range(10 + number))
        parts = parse_parts(archivist.description())
        archivist.close()
    return parts


def test_what_grows_and_grows_is_merged(tmp_path: Path) -> None:
    assert len(grown(tmp_path, MOST_SEGMENTS - 1)) == MOST_SEGMENTS
    for path in tmp_path.iterdir():
        path.unlink()
    parts = grown(tmp_path, 2 * MOST_SEGMENTS)
    assert [part.name for part in parts][:2] == ["0.archive", f"{2 * MOST_SEGMENTS - 1}.archive"]
    assert len(parts) == 3
    assert max(len(path.read_bytes()) for path in tmp_path.iterdir()) < 2000  # nothing twice


def test_what_is_damaged_is_not_merged(tmp_path: Path) -> None:
    parts = grown(tmp_path, MOST_SEGMENTS - 1)
    path = tmp_path / parts[3].name
    data = bytearray(path.read_bytes())
    data[-5] ^= 1  # the last value
    path.write_bytes(data)
    warnings: list[str] = []
    opened = list(zip(parts, open_parts(tmp_path, parts), strict=True))
    archivist = Archivist(opened, tmp_path / "new.archive", FORM, WIDTHS, warnings.append, 10**9)
    archivist.add(rows(25, 26))
    assert archivist.archive() is None
    assert archivist.description() is None
    archivist.close()
    assert not (tmp_path / "new.archive").exists()
    (warning,) = warnings
    assert "checksum does not match" in warning


def test_without_a_path_nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    archivist = Archivist([], None, FORM, WIDTHS, pytest.fail, 10**9)
    assert archivist.archive() is None
    archivist.add(rows(0, 5))
    assert archivist.description() is None
    assert tokens_of(archivist) == list(range(5))
    assert list(tmp_path.iterdir()) == []
    archivist.close()


def test_what_cannot_be_written_is_told_once(tmp_path: Path) -> None:
    warnings: list[str] = []
    archivist = Archivist(
        [], tmp_path / "folder" / "1.archive", FORM, WIDTHS, warnings.append, 10**9
    )
    archivist.add(rows(0, 5))
    archivist.add(rows(5, 9))
    assert archivist.archive() is None
    assert archivist.description() is None
    (warning,) = warnings
    assert "No such file" in warning
    assert warning.endswith("answers rest on what is kept")
    archivist.close()


@pytest.mark.parametrize(
    "description", [[["../1.archive", 0, 5]], [["1.archive", "x", 5]], [["1.archive", 0]], 7]
)
def test_a_description_that_makes_no_sense_is_damage(description: object) -> None:
    with pytest.raises(DamagedError, match="archive is not named"):
        parse_parts(description)


def test_an_archive_that_is_gone_is_told(tmp_path: Path, earlier: list[SegmentPart]) -> None:
    with pytest.raises(FileNotFoundError):
        open_parts(tmp_path, [*earlier, SegmentPart("2.archive", 15, 20)])
