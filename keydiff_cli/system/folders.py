"""The folders of this user for settings, for data, and for what can be made again."""

from __future__ import annotations

import os
from pathlib import Path

_NAME = "keydiff"


def user_config_folder() -> Path:
    """The user's folder for the configuration."""
    from platformdirs import user_config_path

    return user_config_path(_NAME, appauthor=False)


def user_data_folder() -> Path:
    """The user's folder for what is to stay: models, saved chats."""
    from platformdirs import user_data_path

    return user_data_path(_NAME, appauthor=False)


def user_cache_folder() -> Path:
    """The user's folder for what can be made again: snapshots, checksums, wheels."""
    from platformdirs import user_cache_path

    return user_cache_path(_NAME, appauthor=False)


def sessions_folder(chosen: str | None) -> Path:
    """The folder of the saved chats: the one that was chosen, or that of the user."""
    return Path(os.path.expanduser(chosen)) if chosen else user_data_folder() / "sessions"


def snapshots_folder(chosen: str | None) -> Path:
    """The folder of what was read: the one that was chosen, or that of the user."""
    return Path(os.path.expanduser(chosen)) if chosen else user_cache_folder() / "snapshots"
