"""Which files a folder stands for."""

from __future__ import annotations

import os
from pathlib import Path

from keydiff_cli.system.walking import visible_files


def test_hidden_ones_and_what_links_lead_to_are_left_out(tmp_path: Path) -> None:
    for name in ("b.txt", "a/z.txt", "a/.hidden", ".git/config", "a/b/c.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "a" / "loop").symlink_to(tmp_path)
    found = [os.path.relpath(path, tmp_path) for path in visible_files(tmp_path)]
    assert found == ["b.txt", "a/z.txt", "a/b/c.txt"]
    failed: list[OSError] = []
    assert list(visible_files(tmp_path / "none", failed.append)) == []
    assert len(failed) == 1
