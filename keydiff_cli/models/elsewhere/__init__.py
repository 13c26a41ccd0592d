"""Models that other programs have fetched onto this machine. Nothing is ever written there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from keydiff_cli.errors import ModelError
from keydiff_cli.models.elsewhere import hub_cache, llama_cache, lmstudio, ollama
from keydiff_cli.models.elsewhere.found import Found
from keydiff_cli.models.variants import choose, variants_of
from keydiff_cli.system.files import told_by

__all__ = ["Found", "every_model", "is_named", "named", "owner", "usable_names"]


@dataclass(frozen=True)
class _Program:
    """A program, what its models are found by, and what tells whether a name means one of them."""

    source: str
    models: Callable[[], Iterator[Found]]
    matches: Callable[[Found, str], bool]


_PROGRAMS = {
    ollama.SCHEME: _Program(ollama.SOURCE, ollama.models, ollama.matches),
    lmstudio.SCHEME: _Program(lmstudio.SOURCE, lmstudio.models, lmstudio.matches),
    llama_cache.SCHEME: _Program(llama_cache.SOURCE, llama_cache.models, llama_cache.matches),
}


def every_model() -> Iterator[Found]:
    """Every model of another program, one after the other; files that cannot be used, too.

    A program whose folders cannot be searched is one such file.
    """
    for source, models in (
        *((program.source, program.models) for program in _PROGRAMS.values()),
        (hub_cache.SOURCE, hub_cache.models),
    ):
        try:
            yield from models()
        except OSError as error:
            where = Path(error.filename or "?")
            yield Found(str(where), source, where, 0, problem=f"out of reach: {told_by(error)}")


def usable_names() -> list[str]:
    """What ``--model`` takes for the models of other programs that can be used, as it shows."""
    return list(dict.fromkeys(found.name for found in every_model() if not found.problem))


def is_named(text: str) -> bool:
    """Whether a text names a model of another program, such as ``ollama:qwen3:4b``."""
    return text.startswith(tuple(_PROGRAMS))


def owner(text: str) -> str:
    """The program whose model a text names."""
    return _PROGRAMS[text[: text.index(":") + 1]].source


def named(text: str) -> Found:
    """The model of another program that a text names.

    Raises
    ------
    ModelError
        If the program has none of that name, or several, or it cannot be used.
    """
    scheme = text[: text.index(":") + 1]
    program, name = _PROGRAMS[scheme], text.removeprefix(scheme)
    every = {found.name: found for found in program.models()}  # of the same name, any
    fitting = [found for found in every.values() if program.matches(found, name)]
    usable = {found.name.removeprefix(scheme): found for found in fitting if not found.problem}
    if not fitting:
        there = ", ".join(name for name, found in every.items() if not found.problem)
        raise ModelError(f"{program.source} has no model {name!r} here: it has {there or 'none'}")
    if not usable:
        raise ModelError(f"{fitting[0].name} cannot be used: it is {fitting[0].problem}")
    if len(usable) == 1:
        return next(iter(usable.values()))
    return usable[choose(variants_of(usable), text).first]
