"""keydiff: ask questions of documents longer than the memory of the machine."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from keydiff_cli.version import __version__ as __version__

if TYPE_CHECKING:
    from keydiff_cli.errors import KeydiffError
    from keydiff_cli.reading.reader import Reader
    from keydiff_cli.report import Events, Report, Turn
    from keydiff_cli.settings.config import Settings
    from keydiff_cli.talk.conversation import Conversation

__all__ = ["Conversation", "Events", "KeydiffError", "Reader", "Report", "Settings", "Turn"]

_MODULES = {
    "Conversation": "talk.conversation",
    "Events": "report",
    "KeydiffError": "errors",
    "Reader": "reading.reader",
    "Report": "report",
    "Settings": "settings.config",
    "Turn": "report",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is asked for: ``keydiff --help`` needs none of them."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"keydiff_cli.{_MODULES[name]}"), name)
