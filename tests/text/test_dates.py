"""Dates found in texts, and the years that heads of tables say once for some."""

from __future__ import annotations

import pytest

from keydiff_cli.text.dates import Date, cut_dates, further_years, month_of


@pytest.mark.parametrize(
    ("text", "dates"),
    [
        ("March 31, 2024", [(2024, 3, 31)]),
        ("on the 1st of Sept. 2023", [(2023, 9, 1)]),
        ("on 17 November", [(None, 11, 17)]),
        ("May 2022", [(2022, 5, None)]),
        ("2024-03-14", [(2024, 3, 14)]),
        ("3/14/2024", [(2024, 3, 14)]),
        ("14/3/2024", [(2024, 3, 14)]),
        ("4/3/2024", [(2024, 3, 4), (2024, 4, 3)]),
        ("3/3/2024", [(2024, 3, 3)]),
        ("33/14/2024", []),
        ("it may be 5.5, in 2024", []),
    ],
)
def test_what_a_date_may_mean(text: str, dates: list[Date]) -> None:
    found, _ = cut_dates(text)
    assert sorted(date for each in found for date in each.readings) == dates


def test_dates_leave_blanks_of_their_length() -> None:
    text = "From March 3, 2024 to 5 May, then."
    (first, second), rest = cut_dates(text)
    assert [text[d.start : d.stop] for d in (first, second)] == ["March 3, 2024", "5 May"]
    assert rest == "From ;           ; to ;   ;, then."


def test_the_parts_of_a_date() -> None:
    assert set(Date(2024, 3, None).parts()) == {
        (2024, 3, None),
        (2024, None, None),
        (None, 3, None),
    }
    assert len(set(Date(2024, 3, 31).parts())) == 7


@pytest.mark.parametrize(
    ("text", "years"),
    [
        ("March 31, 2024 and 2023, and 2,022 or 2021", [2023]),
        ("March 31, 2024 (Unaudited)\n2023", [2023]),
        ("March 31, 2024 was before 2025", []),
        ("March 31,\nthe two years\n2024 2023", [2024, 2023]),
        ("in 2024, and on March 31 it was 2,023", [2024]),
        ("March 2024 and 2023", []),
    ],
)
def test_years_said_once_for_some_dates(text: str, years: list[int]) -> None:
    (found, *_), _ = cut_dates(text)
    assert list(further_years(text, found)) == [Date(year, 3, 31) for year in years]


def test_months() -> None:
    assert [month_of(word) for word in ("March", "DEC", "may", "Mayor")] == [3, 12, 5, None]
