"""Errors and warnings of the library, as the command tells them."""

from __future__ import annotations

import pytest

from keydiff_cli.cli.messages import tell_error, tell_outdated, tell_warning
from keydiff_cli.errors import UsageError, setting


def test_they_are_lines_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    tell_error(UsageError("no question;\nwrite \x1b[31mone"))
    tell_warning("a page has no text")
    assert capsys.readouterr() == (
        "",
        "keydiff: error: no question; write one\nkeydiff: warning: a page has no text\n",
    )


def test_settings_are_named_as_flags(capsys: pytest.CaptureFixture[str]) -> None:
    error = UsageError(f"{setting('kv_type', 'f64')} is no type; leave {setting('kv_type')} out")
    tell_error(error)
    tell_warning(error)
    said = "--kv-type f64 is no type; leave --kv-type out"
    assert capsys.readouterr().err == f"keydiff: error: {said}\nkeydiff: warning: {said}\n"


def test_answers_that_do_not_count_are_told_if_there_are_any(
    capsys: pytest.CaptureFixture[str],
) -> None:
    tell_outdated(0)
    assert capsys.readouterr().err == ""
    tell_outdated(2)
    assert "warning: 2 answers of an older version" in capsys.readouterr().err
