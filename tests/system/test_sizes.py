"""Sizes in bytes: what is read as one, what is refused, and how they are shown."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keydiff_cli.errors import UsageError
from keydiff_cli.system.sizes import format_size, parse_size

steady = settings(derandomize=True, deadline=None, max_examples=300)

UNITS = {"": 1, "B": 1}
for power, letter in enumerate("KMGT", start=1):
    UNITS |= {letter + "B": 1000**power, letter + "iB": 1024**power, letter: 1024**power}
units = st.sampled_from(sorted(UNITS))
spaces = st.text(" \t", max_size=2)


@given(st.integers(1, 9999), units, spaces, spaces, spaces, st.sampled_from("clu"))
@steady
def test_whole_sizes(number: int, unit: str, left: str, middle: str, right: str, case: str) -> None:
    written = {"c": unit, "l": unit.lower(), "u": unit.upper()}[case]
    assert parse_size(f"{left}{number}{middle}{written}{right}") == number * UNITS[unit]


@given(st.integers(1, 9999), st.integers(0, 999), units.filter(bool))
@steady
def test_decimal_sizes(whole: int, thousandths: int, unit: str) -> None:
    exact = (whole * 1000 + thousandths) * UNITS[unit] // 1000
    assert parse_size(f"{whole}.{thousandths:03}{unit}") == exact


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("2GB", 2_000_000_000),
        ("2G", 2**31),
        ("900MiB", 900 * 2**20),
        ("1500000000", 1_500_000_000),
        (".5k", 512),
        ("3.kB", 3000),
        ("1.9B", 1),
    ],
)
def test_sizes_as_people_write_them(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text",
    ["", " ", "GB", "-1GB", "+1GB", "1e9", "1,5GB", "1.2.3GB", "2 G B", "2GBs", "2PB", "nan", "inf",
     "0x10", ".", "٣GB", "2ＧB", "0", "0GB", "0.4B", "1_000", "2GB\n3"],
)  # fmt: skip
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="write it like 2GB"):
        parse_size(text)


@given(st.text(max_size=12))
@steady
def test_any_text_is_a_size_or_refused(text: str) -> None:
    try:
        assert parse_size(text) >= 1
    except UsageError as error:
        assert text in str(error)


def test_a_number_too_large_for_a_float_does_not_crash() -> None:
    with contextlib.suppress(UsageError):
        assert parse_size("9" * 400) > 10**30


def test_large_sizes_are_exact() -> None:
    assert parse_size(str(2**53 + 1)) == 2**53 + 1


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (1, "1 B"),
        (999, "999 B"),
        (1000, "1.00 kB"),
        (1_310_000_000, "1.31 GB"),
        (99_600, "99.6 kB"),
        (123_456_789, "123 MB"),
        (999_499, "999 kB"),
        (999_600, "1.00 MB"),
        (2.5e12, "2.50 TB"),
    ],
)
def test_sizes_are_shown_with_three_digits(size: float, text: str) -> None:
    assert format_size(size) == text


@given(st.integers(1000, 999 * 10**12))
@steady
def test_a_shown_size_reads_back_within_its_three_digits(size: int) -> None:
    assert abs(parse_size(format_size(size)) - size) <= 0.0051 * size
