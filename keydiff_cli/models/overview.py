"""All models that are on this machine, with what their headers say of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from keydiff_cli.models.elsewhere import Found, every_model
from keydiff_cli.models.header import HeaderError, read_header
from keydiff_cli.models.hub_models import in_folder

HERE = "keydiff"


@dataclass(frozen=True)
class Described:
    """A model on this machine.

    Attributes
    ----------
    name
        What ``--model`` takes for it.
    source
        The program that has fetched it.
    path, size
        Its file, the first part of a split one, and the bytes of all parts.
    quant, architecture, context
        Its quantisation, the name of its architecture, and the length of the context that it was
        trained for in tokens; None where that is not known.
    problem
        Why it cannot be used; None if it can, as far as its header tells.
    """

    name: str
    source: str
    path: Path
    size: int
    quant: str | None
    architecture: str | None
    context: int | None
    problem: str | None


def on_this_machine(folder: Path) -> Iterator[Described]:
    """The models beside those of the catalogue: of the hub, and of other programs.

    ``folder`` is the models folder. Of each file the header is read, and nothing is written.
    """
    root = folder / "hub"
    for reference, variant in in_folder(folder):
        path = root / variant.first
        missing = f"split, and {variant.missing} of its parts are not there"
        yield _described(
            Found(
                str(reference),
                HERE,
                path,
                sum((root / file).stat().st_size for file in variant.files),
                variant.quant,
                missing if variant.missing else None,
            )
        )
    for found in every_model():
        yield _described(found)


def _described(found: Found) -> Described:
    """Add what the header says; where nothing else tells the quantisation, all of it is read."""
    header, problem = None, found.problem
    if problem is None:
        try:
            header = read_header(found.path)
            if not (found.quant or header.quant or header.problem):
                header = read_header(found.path, whole=True)
            problem = header.problem
        except HeaderError as error:
            problem = f"unreadable: {error}"
    return Described(
        found.name,
        found.source,
        found.path,
        found.size,
        found.quant or (header.quant if header else None),
        header.architecture if header else None,
        header.context if header else None,
        problem,
    )
