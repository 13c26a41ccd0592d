"""What tells a table in a text, its values separated by commas or the like, from other texts."""

from __future__ import annotations

import csv
import re

_SAMPLE = 30  # lines by which a table is recognised
_LEAST = 4
_NUMBER = re.compile(r"[-+]?[\d.,:/€$£% -]*\d[\d.,:/€$£%TZ -]*$")


def is_csv(text: str) -> bool:
    """Tell whether a text is a table with a header, by its first lines.

    All of them have the same number of values; those of the header differ, and none is a number.
    """
    lines = text.split("\n")[: _SAMPLE + 1]
    lines = [line.rstrip("\r") for line in lines[:-1] or lines]
    return any(_is_table(lines, separator) for separator in ",;\t|")


def _is_table(lines: list[str], separator: str) -> bool:
    try:
        records = [record for record in csv.reader(lines, delimiter=separator) if record]
    except csv.Error:
        return False
    if len(records) > _LEAST:
        records.pop()  # it may be cut off within its quotes
    if len(records) < _LEAST or len(records[0]) < 2:
        return False
    header, rows = records[0], records[1:]
    if any(len(row) != len(header) for row in rows):
        return False
    if any(not name.strip() or len(name) > 80 or _NUMBER.match(name) for name in header):
        return False
    values = [value for row in rows for value in row]
    spaced = sum(value.startswith(" ") for value in values)
    numbers = sum(_NUMBER.match(value) is not None for value in values)
    return (
        len(set(header)) == len(header)
        and spaced < 0.2 * len(values)
        and (numbers >= 0.1 * len(values) or len(header) > 3)
    )
