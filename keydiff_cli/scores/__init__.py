"""Scorers: which cached rows are worth keeping. One method per file.

They are reached through the table of :mod:`keydiff_cli.policies`; only KeyDiff is also used by name
(a patched llama.cpp computes it, and talk is held to its share by it).
"""

from __future__ import annotations

from keydiff_cli.scores.base import (
    Float32,
    Queries,
    Rows,
    Scorer,
    SharedScorer,
    Watch,
    smooth,
    z_scores,
)
from keydiff_cli.scores.keydiff import KeyDiff
from keydiff_cli.scores.rotation import Rotation

__all__ = [
    "Float32",
    "KeyDiff",
    "Queries",
    "Rotation",
    "Rows",
    "Scorer",
    "SharedScorer",
    "Watch",
    "smooth",
    "z_scores",
]
