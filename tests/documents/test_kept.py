"""What OCR has found, in memory and on disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from keydiff_cli.documents.ocr.kept import Found, Kept


def test_it_is_there_in_a_later_run(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "a.ocr"
    kept = Kept(path)
    assert kept.page(3) is None
    kept.add(3, Found("Käse\n", 0.5))
    kept.add(4, Found())
    later = Kept(path)
    assert (later.page(3), later.page(4)) == (Found("Käse\n", 0.5), Found())
    assert not later.all_there
    kept.end()
    assert Kept(path).all_there
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_a_damaged_line_counts_for_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.ocr"
    Kept(path).add(1, Found("one"))
    path.write_bytes(
        b'{"page": 9}\n[]\n{"page": {}, "text": "", "score": 1}\n\xff\n' + path.read_bytes()
    )
    Kept(path).add(2, Found("two"))
    path.write_bytes(path.read_bytes()[:-9])
    later = Kept(path)
    assert (later.page(1), later.page(2), later.page(9)) == (Found("one"), None, None)


def test_a_line_behind_one_that_was_cut_off_counts(tmp_path: Path) -> None:
    path = tmp_path / "a.ocr"
    Kept(path).add(1, Found("one"))
    path.write_bytes(path.read_bytes()[:-9])
    Kept(path).add(2, Found("two"))
    assert Kept(path).page(2) == Found("two")


@pytest.mark.parametrize("there", [True, False])
def test_a_folder_that_cannot_be_written_costs_only_time(there: bool, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "a.ocr" if there else None
    kept = Kept(path)
    kept.add(1, Found("one"))
    kept.end()
    assert kept.page(1) == Found("one") and kept.all_there
