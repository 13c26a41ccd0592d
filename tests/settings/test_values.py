"""A value of each kind, from what a user has written."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from keydiff_cli.errors import UsageError
from keydiff_cli.settings.config import Settings
from keydiff_cli.settings.values import convert

FIELDS = {field.name: field for field in fields(Settings)}


@pytest.mark.parametrize(
    ("name", "raw", "value"),
    [
        ("memory", "2GB", 2 * 10**9),
        ("memory", 900, 900),
        ("budget", "77", 77),
        ("offline", "Yes", True),
        ("temperature", 1, 1.0),
        ("gpu_layers", 3, "3"),
        ("notes", "on", "on"),
    ],
)
def test_texts_and_numbers_become_values_of_their_kind(name: str, raw: Any, value: Any) -> None:
    found = convert(raw, FIELDS[name], name)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("name", "raw", "why"),
    [
        ("budget", "many", "'many' is not a whole number"),
        ("offline", "perhaps", "'perhaps' is not on or off"),
        ("system", "a\0b", "'a\\x00b' is not a text"),
        ("block", 0, "0 must be from 1 to 4096 tokens"),
    ],
)
def test_what_cannot_be_one_is_told_with_its_place(name: str, raw: Any, why: str) -> None:
    with pytest.raises(UsageError) as caught:
        convert(raw, FIELDS[name], "my.toml")
    assert str(caught.value) == f"my.toml: {why}"
