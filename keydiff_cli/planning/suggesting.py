"""Which models of the catalogue fit into memory, and what budget each leaves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from keydiff_cli.errors import MemoryCapError
from keydiff_cli.llama import Model
from keydiff_cli.models import CatalogueEntry, catalogue
from keydiff_cli.planning.memory import Plan
from keydiff_cli.planning.outline import outlined
from keydiff_cli.planning.planner import Planner
from keydiff_cli.policies import DEFAULT_POLICY, find_policy
from keydiff_cli.settings.config import Settings
from keydiff_cli.system import machine

_PROMPT = 64  # tokens of templates and the built-in system prompt
_QUESTION = 256


@dataclass(frozen=True)
class Suggestion:
    """What a model leaves of some memory.

    Attributes
    ----------
    entry
        The model.
    plan
        The plan of a long document, whose budget is the tokens that are kept; None if the model
        does not fit.
    longest_whole
        Tokens of the longest document of which nothing is evicted; 0 if it does not fit.
    """

    entry: CatalogueEntry
    plan: Plan | None
    longest_whole: int = 0


def suggest(entry: CatalogueEntry, path: Path | None, settings: Settings) -> Suggestion:
    """Plan for a model of the catalogue that has a shape, under ``settings.memory``.

    Without that, what is free on this machine is planned for.

    Parameters
    ----------
    path
        Its file; None if it is not here, so that it is planned for by its shape.

    Raises
    ------
    ModelError
        If the file cannot be read.
    """
    memory = memory_for(settings)
    settings = replace(settings, memory=memory)
    if entry.size > memory:
        return Suggestion(entry, None)
    policy = find_policy(settings.policy or DEFAULT_POLICY)
    with _sketch(entry, path) as model:
        planner = Planner(model, settings, policy, head=_PROMPT, question=_QUESTION)
    if path is None:  # an outline has other weights
        planner.footprint = replace(planner.footprint, weights=entry.size)
    try:
        return Suggestion(entry, planner.plan(), planner.longest_whole)
    except MemoryCapError:
        return Suggestion(entry, None)


def memory_for(settings: Settings) -> int:
    """The bytes that are planned for: the cap, or what is free on this machine."""
    return settings.memory or machine.usable_memory()


def suggest_all(here: Mapping[str, Path], settings: Settings) -> list[Suggestion]:
    """Plan for every model of the catalogue that chats, the smallest first; see `suggest`.

    ``here`` are the files of those that are here, by name.
    """
    return [suggest(entry, here.get(entry.name), settings) for entry in chatting()]


def chatting() -> list[CatalogueEntry]:
    """The models of the catalogue that chat, the smallest first."""
    entries = [entry for entry in catalogue().values() if entry.shape is not None]
    return sorted(entries, key=lambda entry: entry.size)


@contextmanager
def _sketch(entry: CatalogueEntry, path: Path | None) -> Iterator[Model]:
    if path is not None:
        with closing(Model(path, weights=False)) as model:
            yield model
    elif entry.shape is not None:
        with outlined(entry.shape, entry.context) as model:
            yield model
