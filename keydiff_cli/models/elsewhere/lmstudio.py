"""Models of LM Studio: folders by publisher and repository."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from keydiff_cli.models.elsewhere.found import Found, files_below, found_in

SCHEME, SOURCE = "lmstudio:", "LM Studio"
_ROOTS = (".lmstudio/models", ".cache/lm-studio/models")


def models() -> Iterator[Found]:
    """Every model that LM Studio has here."""
    for root in _ROOTS:
        folder = Path.home() / root
        yield from found_in(folder, files_below(folder), SOURCE, SCHEME)


def matches(found: Found, name: str) -> bool:
    """Whether a model is one that a name means: a file, or all of a repository."""
    return f"{found.name}/".startswith(f"{SCHEME}{name.rstrip('/')}/")
