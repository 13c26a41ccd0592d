"""The models among the files of a folder or a repository: quantisations, and split files."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from keydiff_cli.errors import ModelError

PREFERENCE = (
    *("Q4_K_M", "Q5_K_M", "Q4_0", "Q8_0", "Q6_K", "Q4_K_S", "Q5_K_S", "Q4_1", "Q5_0"),
    *("IQ4_XS", "IQ4_NL", "Q3_K_M", "BF16", "F16"),
)
"""Quantisations from the one that is taken first, where none is named."""
_QUANT = re.compile(
    r"(?:^|[-._])((?:UD-)?(?:I?Q\d(?:_[A-Z0-9]+)*|TQ\d_\d|MXFP4(?:_[A-Z]+)?|BF16|F16|F32))"
    r"(?=[-._]|$)",
    re.IGNORECASE,
)
_PART = re.compile(r"-(\d{5})-of-(\d{5})\.gguf$", re.IGNORECASE)
_NO_MODEL = re.compile(r"mmproj|imatrix", re.IGNORECASE)  # vision adapters; data for quantising
_SHOWN = 12  # names in a message


@dataclass(frozen=True)
class Variant:
    """One model: a file, or all parts of a split one.

    Attributes
    ----------
    files
        Their paths, the first part first.
    missing
        How many parts are not there.
    """

    files: tuple[str, ...]
    missing: int = 0

    @property
    def first(self) -> str:
        """The file that llama.cpp is given."""
        return self.files[0]

    @property
    def quant(self) -> str | None:
        """The quantisation that the name says, in capitals."""
        return quant_of(self.first)


def quant_of(name: str) -> str | None:
    """The quantisation in the name of a file or folder, in capitals; None if it names none."""
    found = _QUANT.findall(_PART.sub("", name).removesuffix(".gguf"))
    return found[-1].upper() if found else None


def is_model(name: str) -> bool:
    """Whether a file is a model, by its name."""
    return name.lower().endswith(".gguf") and not _NO_MODEL.search(name.rpartition("/")[2])


def variants_of(files: Iterable[str]) -> list[Variant]:
    """The models among files, by their paths with ``/``, in the order of their names."""
    there = {file for file in files if is_model(file)}
    found: dict[str, Variant] = {}
    for file in sorted(there):
        part = _PART.search(file)
        if part is None:
            found[file] = Variant((file,))
            continue
        names = [_numbered(file, part, number) for number in range(1, int(part[2]) + 1)]
        held = tuple(name for name in names if name in there)
        if held:
            found[names[0]] = Variant(held, len(names) - len(held))
    return list(found.values())


def choose(
    variants: Iterable[Variant], name: str, *, file: str | None = None, quant: str | None = None
) -> Variant:
    """The model that is meant: by its file, by its quantisation, or the first of `PREFERENCE`.

    Parameters
    ----------
    name
        What has the models, for messages.

    Raises
    ------
    ModelError
        If there is none, or several; the message names those there are.
    """
    every = list(variants)
    if file is not None:
        for variant in every:
            if file in variant.files:
                return variant
        raise ModelError(f"{name} has no model {file}: it has {_listed(_names(every))}")
    if quant is not None:
        fitting = [variant for variant in every if variant.quant == quant.upper()]
        if not fitting:
            raise ModelError(f"{name} has no {quant}: it has {_listed(_quants(every))}")
        return _only(fitting, name)
    for wanted in PREFERENCE:
        if fitting := [variant for variant in every if variant.quant == wanted]:
            return _only(fitting, name)
    if not every:
        raise ModelError(f"{name} has no model in the GGUF format: look for a repository with GGUF")
    return _only(every, name)


def parts_of(path: Path) -> tuple[Path, ...]:
    """All files of the model that a path names: itself, or all parts of a split one.

    Raises
    ------
    ModelError
        If a part is not there.
    """
    part = _PART.search(path.name)
    if part is None or not 0 < int(part[2]) < 10**4:
        return (path,)
    numbers = range(1, int(part[2]) + 1)
    parts = tuple(path.with_name(_numbered(path.name, part, number)) for number in numbers)
    missing = [part.name for part in parts if not part.is_file()]
    if missing and path.is_file():
        raise ModelError(f"{path} is split, and its part {_listed(missing)} is not there: fetch it")
    return parts


def _numbered(name: str, part: re.Match[str], number: int) -> str:
    return f"{name[: part.start(1)]}{number:05}{name[part.end(1) :]}"


def _only(variants: list[Variant], name: str) -> Variant:
    if len(variants) > 1:
        raise ModelError(
            f"{name} has several models, of which none comes first: give the file of one: "
            f"{_listed(_names(variants))}"
        )
    return variants[0]


def _names(variants: list[Variant]) -> list[str]:
    return [variant.first for variant in variants]


def _quants(variants: list[Variant]) -> list[str]:
    return sorted({variant.quant or variant.first for variant in variants})


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:_SHOWN])
    return (shown or "none") + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
