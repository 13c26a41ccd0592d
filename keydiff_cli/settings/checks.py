"""What a setting may be: a check for each kind of value, which raises UsageError."""

from __future__ import annotations

import re
from collections.abc import Callable

from keydiff_cli.errors import UsageError
from keydiff_cli.policies import POLICY_NAMES, plugins
from keydiff_cli.settings.lengths import count_words

KV_TYPE_NAMES = ("f16", "q8_0")
ARCHIVES = ("off", "keys", "full")
WHENEVER = ("auto", "on", "off")
ABSENCES = ("say", "note", "off")
OCR_MODES = ("auto", "off", "all")
FORMATS = ("text", "outline")
POSITIONS = ("capped", "ranked", "scaled", "counted")  # WAYS of compaction.py, and none
SMALLEST_LOOK = 192  # tokens; a passage may have 112, and its document and place come before it


def between(low: float, high: float, unit: str = "") -> Callable[[float], float]:
    """A check that a number is in a range, both ends included."""

    def check(value: float) -> float:
        if not low <= value <= high:
            raise UsageError(f"{value} must be from {low} to {high}{unit}")
        return value

    return check


def none_or(check: Callable[[float], float]) -> Callable[[float], float]:
    """A check that a number is 0, for nothing, or passes another check."""

    def checked(value: float) -> float:
        try:
            return value if value == 0 else check(value)
        except UsageError as error:
            raise UsageError(f"{error}, or 0") from None

    return checked


def _positive(most: int, too_much: str) -> Callable[[int], int]:
    def check(value: int) -> int:
        if value < 1:
            raise UsageError(f"{value} must be at least 1")
        if value > most:  # would overflow further on
            raise UsageError(too_much)
        return value

    return check


tokens = _positive(2**31, "so many tokens no model has; give less")
memory = _positive(2**60, "so much memory no machine has; write it like 2GB or 900MiB")


def seed(value: int) -> int:
    """Check the seed of the sampling."""
    if value < 0:
        raise UsageError(f"{value} must not be negative")
    return value


def one_of(names: tuple[str, ...]) -> Callable[[str], str]:
    """A check that a text is one of some names."""

    def check(value: str) -> str:
        if value not in names:
            raise UsageError(f"'{value}' is not one of {', '.join(names)}")
        return value

    return check


def length(value: str) -> str:
    """Check the length of a summary."""
    count_words(value)
    return value


def layers(value: str) -> str:
    """Check a number of layers, or ``auto``."""
    if value != "auto" and not (value.isascii() and value.isdecimal() and int(value) < 2**16):
        raise UsageError(f"'{value}' is neither a number of layers nor auto")
    return value


def _listed(what: str, wanted: re.Pattern[str]) -> Callable[[str], str]:
    def check(value: str) -> str:
        names = split_names(value)
        for name in names:
            if not wanted.fullmatch(name):
                raise UsageError(f"'{name}' is no {what}")
            if names.count(name) > 1:
                raise UsageError(f"'{name}' is there twice; name it once")
        if not names:
            raise UsageError(f"'{value}' names no {what}")
        return value

    return check


def split_names(text: str | None) -> tuple[str, ...]:
    """Names that are separated by commas."""
    return tuple(name.strip() for name in (text or "").split(",") if name.strip())


_ports = r"(6553[0-5]|655[0-2]\d|65[0-4]\d\d|6[0-4]\d{3}|[1-5]\d{4}|[1-9]\d{0,3})"
servers = _listed(
    "HOST:PORT of an RPC server (a name or an IPv4 address)",
    re.compile(rf"[\w-]{{1,63}}(\.[\w-]{{1,63}})*\.?:{_ports}", re.ASCII),
)
devices = _listed("device", re.compile(".+"))


def policy(value: str) -> str:
    """Check the name of a policy, without loading those of other packages."""
    name = value.partition(":")[0]
    if name not in POLICY_NAMES:
        one_of((*POLICY_NAMES, *sorted(point.name for point in plugins())))(name)
    return value
