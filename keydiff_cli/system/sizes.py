"""Sizes in bytes, as people write and read them."""

from __future__ import annotations

import re
from fractions import Fraction

from keydiff_cli.errors import UsageError

_UNITS = {"": 1, "B": 1}
for _power, _letter in enumerate("KMGT", start=1):
    _UNITS[f"{_letter}B"] = 1000**_power
    _UNITS[f"{_letter}IB"] = _UNITS[_letter] = 1024**_power
_SIZE = re.compile(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*([A-Za-z]*)\s*", re.ASCII)


def parse_size(text: str) -> int:
    """Bytes from ``2GB`` (decimal), ``900MiB`` or ``2G`` (binary), or a plain number.

    Raises
    ------
    UsageError
        If it is not a size, or below one byte.
    """
    match = _SIZE.fullmatch(text)
    unit = match.group(2).upper() if match else ""
    if match is None or unit not in _UNITS:
        raise UsageError(f"'{text}' is not a size; write it like 2GB, 900MiB or 1500000000")
    size = int(Fraction(match.group(1)) * _UNITS[unit])
    if size < 1:
        raise UsageError(f"a size of '{text}' is too small; write it like 2GB or 900MiB")
    return size


def format_size(size: float) -> str:
    """Bytes for people: ``1.31 GB``, decimal units, three digits."""
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if size < 999.5 or unit == "TB":
            break
        size /= 1000
    return f"{size:.0f} {unit}" if unit == "B" else f"{size:#.3g} {unit}".replace(". ", " ")
