"""Settings as the command line has them."""

from __future__ import annotations

import pytest

from keydiff_cli.errors import UsageError, setting
from keydiff_cli.render.flags import as_flag, told


@pytest.mark.parametrize(
    ("name", "value", "flag"),
    [
        ("policy", "full", "--policy full"),
        ("kv_type", None, "--kv-type"),
        ("max_tokens", "9", "--max-tokens 9"),
        ("each", "on", "--each"),
        ("each", "off", "--no-each"),
        ("each", None, "--each"),
    ],
)
def test_a_setting_as_a_flag(name: str, value: str | None, flag: str) -> None:
    assert as_flag(name, value) == flag


def test_an_error_is_told_with_flags_and_a_text_as_it_is() -> None:
    error = UsageError(f"use {setting('policy', 'full')}, or leave {setting('kv_type')} out")
    assert told(error) == "use --policy full, or leave --kv-type out"
    assert str(error) == "use policy=full, or leave kv_type out"
    assert told(OSError(28, "No space left on device")) == "[Errno 28] No space left on device"
    assert told("plain") == "plain"
