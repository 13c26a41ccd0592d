"""Models in the cache of the hub's own client, which ``hf download`` and others fill."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from keydiff_cli.models.elsewhere.found import Found, files_below, found_in

SOURCE = "hub cache"


def models() -> Iterator[Found]:
    """Every model in the cache, of the snapshot that ``main`` is, or the newest."""
    root = _folder()
    folders = sorted(root.glob("models--*--*")) if root.is_dir() else []
    for folder in folders:
        repo = folder.name.removeprefix("models--").replace("--", "/", 1)
        for snapshot in snapshots(repo, "main")[:1]:
            yield from found_in(snapshot, files_below(snapshot), SOURCE, f"hf:{repo}/")


def snapshots(repo: str, revision: str) -> list[Path]:
    """The folders in which a revision of a repository may be, the likeliest first.

    Any will do for ``main``, of which the newest comes next.
    """
    folder = _folder() / f"models--{repo.replace('/', '--')}"
    every: list[Path] = []
    with suppress(OSError):
        every = [path for path in (folder / "snapshots").iterdir() if path.is_dir()]
        every.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    commit = revision
    with suppress(OSError, ValueError):
        commit = (folder / "refs" / revision).read_text(encoding="utf-8").strip()
    named = [path for path in every if path.name == commit]
    return named + [path for path in every if path not in named] if revision == "main" else named


def _folder() -> Path:
    """The folder of the cache, as the client finds it."""
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        if chosen := os.environ.get(name):
            return Path(os.path.expanduser(chosen))
    if home := os.environ.get("HF_HOME"):
        return Path(os.path.expanduser(home)) / "hub"
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "huggingface" / "hub"
