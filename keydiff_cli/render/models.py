"""Models in tables, and as plain data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from keydiff_cli import models
from keydiff_cli.models.overview import Described
from keydiff_cli.models.variants import quant_of
from keydiff_cli.planning.suggesting import Suggestion
from keydiff_cli.system.sizes import format_size

Table = tuple[Sequence[str], Iterable[Sequence[object]]]


def catalogue_table(here: Mapping[str, Path]) -> Table:
    """The models that can be fetched by name; ``here`` are the paths of those that are here."""
    return (
        ("name", "size", "context", "licence", "here", "description"),
        [
            (
                entry.name,
                format_size(entry.size),
                entry.context,
                entry.license,
                "yes" if entry.name in here else "no",
                entry.description + ("" if entry.tried else " (untried)"),
            )
            for entry in models.catalogue().values()
        ],
    )


def described_table(found: Iterable[Described]) -> Table:
    """Other models that are on this machine, and why some cannot be used."""
    return (
        ("on this machine", "size", "quant", "context", "from", "use"),
        [
            (
                model.name,
                format_size(model.size),
                model.quant or "",
                model.context or "",
                model.source,
                f"no: {model.problem}" if model.problem else "yes",
            )
            for model in found
        ],
    )


def listed_models(here: Mapping[str, Path], found: Iterable[Described]) -> list[dict[str, Any]]:
    """All of them as plain data: ``docs/json.md``."""
    known = [
        {
            "name": entry.name,
            "description": entry.description,
            "license": entry.license,
            "size": entry.size,
            "trained_context": entry.context,
            "sha256": entry.sha256,
            "hub_only": entry.hub_only,
            "tried": entry.tried,
            "path": str(here[entry.name]) if entry.name in here else None,
            "source": "catalogue",
            "quant": quant_of(entry.filename),
            "architecture": entry.shape.architecture if entry.shape else None,
            "problem": None,
        }
        for entry in models.catalogue().values()
    ]
    return known + [
        {
            "name": model.name,
            "description": None,
            "license": None,
            "size": model.size,
            "trained_context": model.context,
            "sha256": None,
            "hub_only": False,
            "tried": None,
            "path": str(model.path),
            "source": model.source,
            "quant": model.quant,
            "architecture": model.architecture,
            "problem": model.problem,
        }
        for model in found
    ]


def suggestion_table(found: Iterable[Suggestion], here: Mapping[str, Path]) -> Table:
    """Which models fit, and how many tokens each lets be kept."""
    return (
        ("name", "size", "here", "tried", "fits", "kept of long ones", "whole up to", "context"),
        [
            (
                item.entry.name,
                format_size(item.entry.size),
                "yes" if item.entry.name in here else "no",
                "yes" if item.entry.tried else "no",
                "yes" if item.plan else "no",
                item.plan.budget if item.plan else "",
                item.longest_whole or "",
                item.entry.context,
            )
            for item in found
        ],
    )


def nothing_fits(found: Sequence[Suggestion], memory: int) -> str:
    """What to say below the table if no model fits into so many bytes."""
    smallest = min((item.entry for item in found), key=lambda entry: entry.size)
    return (
        f"no model fits into {format_size(memory)}: the smallest, {smallest.name}, has "
        f"{format_size(smallest.size)} and needs more beside it; free memory, or raise --memory"
    )


def suggested_models(found: Iterable[Suggestion], here: Mapping[str, Path]) -> list[dict[str, Any]]:
    """The same as plain data: ``docs/json.md``."""
    return [
        {
            "name": item.entry.name,
            "size": item.entry.size,
            "here": item.entry.name in here,
            "tried": item.entry.tried,
            "fits": item.plan is not None,
            "budget": item.plan.budget if item.plan else None,
            "longest_whole_document": item.longest_whole or None,
            "planned_bytes": item.plan.total if item.plan else None,
            "trained_context": item.entry.context,
        }
        for item in found
    ]
