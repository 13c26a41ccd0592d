"""Shapes of answers: JSON by a schema, or one of some choices; and the grammars of these."""

from __future__ import annotations

from keydiff_cli.shapes.refusal import RefusedError
from keydiff_cli.shapes.shape import Choices, Schema, Shape

__all__ = ["Choices", "RefusedError", "Schema", "Shape"]
