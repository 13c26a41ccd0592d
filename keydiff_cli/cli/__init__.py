"""The command line: parse, delegate, nothing else. Heavy modules are imported by the commands."""

from __future__ import annotations

from keydiff_cli.cli.app import app

__all__ = ["app"]
