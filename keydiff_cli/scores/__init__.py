"""Scorers: which cached rows are worth keeping. One method per file."""

from __future__ import annotations

from keydiff_cli.scores.base import (
    Float32,
    Queries,
    Rows,
    Scorer,
    SharedScorer,
    Watch,
    z_scores,
)
from keydiff_cli.scores.distance import Distance
from keydiff_cli.scores.focus import Focus
from keydiff_cli.scores.h2o import HeavyHitters
from keydiff_cli.scores.keydiff import KeyDiff
from keydiff_cli.scores.knorm import KeyNorm
from keydiff_cli.scores.nested import Nested
from keydiff_cli.scores.random import Random
from keydiff_cli.scores.rotation import Rotation
from keydiff_cli.scores.snapkv import SnapKV
from keydiff_cli.scores.tova import Tova
from keydiff_cli.scores.window import Window

__all__ = [
    "Distance",
    "Float32",
    "Focus",
    "HeavyHitters",
    "KeyDiff",
    "KeyNorm",
    "Nested",
    "Queries",
    "Random",
    "Rotation",
    "Rows",
    "Scorer",
    "SharedScorer",
    "SnapKV",
    "Tova",
    "Watch",
    "Window",
    "z_scores",
]
