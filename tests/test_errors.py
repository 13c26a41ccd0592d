"""Expected errors: their exit statuses, and how settings are named in their messages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from keydiff_cli.errors import (
    AnswerError,
    DocumentError,
    ExitStatus,
    KeydiffError,
    MemoryCapError,
    ModelError,
    UsageError,
    as_setting,
    name_settings,
    reason,
    setting,
)

DOCUMENTED = Path(__file__).parents[1] / "docs" / "exit-codes.md"


def test_exit_statuses_are_those_documented() -> None:
    codes = re.findall(r"^\| (\d+) \|", DOCUMENTED.read_text(encoding="utf-8"), re.MULTILINE)
    assert [int(code) for code in codes] == list(ExitStatus)


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (KeydiffError, 1),
        (UsageError, 2),
        (DocumentError, 3),
        (ModelError, 4),
        (MemoryCapError, 5),
        (AnswerError, 6),
    ],
)
def test_each_error_has_its_status(kind: type[KeydiffError], status: int) -> None:
    assert kind.status == status
    assert issubclass(kind, KeydiffError)


def bracketed(name: str, value: str | None) -> str:
    """How a front end may write a setting."""
    return f"[{name}]" if value is None else f"[{name} {value}]"


def test_a_setting_is_named_as_the_front_end_has_it() -> None:
    """With a value and without; between other words, more than once."""
    error = UsageError(
        f"leave {setting('gpu_layers')} out, or {setting('policy', 'focus:share=1')} fails; "
        f"{setting('budget', 256)} is least"
    )
    assert str(error) == "leave gpu_layers out, or policy=focus:share=1 fails; budget=256 is least"
    assert error.told(as_setting) == str(error)
    expected = "leave [gpu_layers] out, or [policy focus:share=1] fails; [budget 256] is least"
    assert error.told(bracketed) == expected
    quoting = UsageError(f"it failed: {error.marked}")
    assert quoting.told(bracketed) == f"it failed: {expected}"


def test_a_setting_may_have_an_empty_value() -> None:
    assert name_settings(setting("rpc", "")) == "rpc="
    assert name_settings(setting("rpc", ""), bracketed) == "[rpc ]"


def test_what_names_no_setting_is_told_as_it_is() -> None:
    text = "50% of policy=full --budget\nis gone"
    assert name_settings(text) == name_settings(text, bracketed) == text


def test_the_reason_is_the_type_and_what_it_says() -> None:
    assert reason(ValueError("no: such value")) == "ValueError: no: such value"
    assert reason(MemoryError()) == "MemoryError"
    assert reason(SystemExit(0)) == "SystemExit: 0"
