"""Lengths of summaries: names, and numbers of words."""

from __future__ import annotations

import pytest

from keydiff_cli.errors import UsageError
from keydiff_cli.settings.lengths import count_words


@pytest.mark.parametrize(
    "length", ["", "tiny", "0", "-5", "12 pages", "1e3", "10001", "9" * 99, "00001000010009"]
)
def test_what_is_no_length_is_refused(length: str) -> None:
    with pytest.raises(UsageError, match="is no length; write short, medium, long or a number"):
        count_words(length)


def test_a_length_is_a_name_or_a_number_of_words() -> None:
    assert [count_words(each) for each in ("short", "medium", "long")] == [60, 300, 800]
    assert [count_words(each) for each in ("1", "50", "50 words", "10000words")] == [
        1,
        50,
        50,
        10000,
    ]
