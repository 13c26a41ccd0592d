"""The user's folders: a kind of file has a folder of its own, which is named for keydiff."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from keydiff_cli.system.folders import user_cache_folder, user_config_folder, user_data_folder


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no variables for them")
@pytest.mark.parametrize(
    ("folder", "variable", "usual"),
    [
        (user_config_folder, "XDG_CONFIG_HOME", ".config"),
        (user_data_folder, "XDG_DATA_HOME", ".local/share"),
        (user_cache_folder, "XDG_CACHE_HOME", ".cache"),
    ],
)
def test_folders_are_where_the_user_wants_them(
    folder: Callable[[], Path],
    variable: str,
    usual: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(variable, str(tmp_path / "wanted"))
    assert folder() == tmp_path / "wanted" / "keydiff"
    monkeypatch.delenv(variable)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert folder() == tmp_path / usual / "keydiff"
    assert list(tmp_path.iterdir()) == [], "a folder is made by what writes into it"


def test_what_can_be_made_again_lies_apart() -> None:
    """Whoever empties a cache must not lose models, chats or settings."""
    cache = user_cache_folder()
    for kept in (user_config_folder(), user_data_folder()):
        assert "keydiff" in cache.parts and "keydiff" in kept.parts
        assert not kept.is_relative_to(cache)
