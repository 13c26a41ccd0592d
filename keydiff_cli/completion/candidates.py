"""What the words of a command line could go on with."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

_TABLE = Path(__file__).with_name("commands.json")  # made by docs/command_line.py


@lru_cache
def table() -> dict[str, Any]:
    """The commands by their words, with their options and what they take; and names of things."""
    read: dict[str, Any] = json.loads(_TABLE.read_text(encoding="utf-8"))
    return read


def candidates(words: Sequence[str], begun: str) -> dict[str, str]:
    """What the word that is begun could become, and a help for each, which may be empty.

    Parameters
    ----------
    words
        The words before it, without the name of the program.
    begun
        The beginning of a word, which may be empty.

    Returns
    -------
    Nothing where a path or a text is expected.
    """
    commands, path, awaited = table()["commands"], "", None
    for word in words:
        if word == "=":  # as bash gives it, between an option and its value
            continue
        if awaited is not None:
            awaited = None
        elif word.startswith("-"):
            awaited = commands[path]["options"].get(word, {}).get("takes")
        elif f"{path} {word}".strip() in commands:
            path = f"{path} {word}".strip()
    command = commands[path]
    name, equals, _ = begun.partition("=")
    if awaited is not None:
        found = dict.fromkeys(_values(awaited), "")
        begun = "" if begun == "=" else begun
    elif equals and name in command["options"]:
        takes = command["options"][name]["takes"] or ""
        found = {f"{name}={each}": "" for each in _values(takes)}
    elif begun.startswith("-"):
        found = {option: each["help"] for option, each in command["options"].items()}
    elif command["commands"]:
        found = {each: commands[f"{path} {each}".strip()]["help"] for each in command["commands"]}
    else:
        found = dict.fromkeys(_values(command["takes"]), "")
    return {each: text for each, text in found.items() if each.startswith(begun)}


def _values(kind: str | list[str]) -> Iterable[str]:
    """Values of a kind that the table names, or those that it lists."""
    if isinstance(kind, list):
        return kind
    if kind in table()["names"]:
        names: list[str] = table()["names"][kind]
        return names
    if kind == "every_model":
        return [*table()["names"]["models"], *_elsewhere()]
    if kind in ("chats", "snapshots"):
        return _kept(kind)
    return ()


def _elsewhere() -> list[str]:
    """The models of other programs."""
    from keydiff_cli.models.elsewhere import usable_names

    return usable_names()


def _kept(kind: str) -> list[str]:
    """The names of saved chats or snapshots, by their files.

    What is wrong with the settings is passed over.
    """
    from keydiff_cli.settings.resolving import resolve
    from keydiff_cli.system.folders import sessions_folder, snapshots_folder

    try:
        settings = resolve({}, tell=lambda _: None).settings
        if kind == "chats":
            files = sessions_folder(settings.sessions_dir).glob("*.json")
        else:
            files = snapshots_folder(settings.cache_dir).glob("*.snapshot")
        return sorted(file.stem for file in files)
    except OSError:
        return []
