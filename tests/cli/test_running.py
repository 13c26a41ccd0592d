"""What the commands that read documents once show of a run, and how they end."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace

import pytest
import typer

from keydiff_cli.cli.options import Options
from keydiff_cli.cli.running import show
from keydiff_cli.errors import ExitStatus, UsageError
from keydiff_cli.llama import library
from keydiff_cli.render.display import Display
from keydiff_cli.report import Report, TokenCounts
from keydiff_cli.text.records import DocumentRecord

REPORT = Report(answer="It is blue.", stop_reason="eos", tokens=TokenCounts(9, 0, 5, 9, 4))
WHOLE = DocumentRecord("a.txt", "text", None, 0, None, 9, 9, "ab")
PART = replace(WHOLE, sha256=None)
LAST = "keydiff: read 9 tokens, kept 9, generated 4 in 0.0 s, peak memory 0 B\n"


def answered(display: Display) -> Report:
    display.text(REPORT.answer)
    return REPORT


def test_the_answer_is_printed_as_it_comes(capsys: pytest.CaptureFixture[str]) -> None:
    show(answered, Options(), answer=True)
    assert capsys.readouterr() == ("It is blue.\n", LAST)
    show(answered, Options(quiet=True), answer=True)
    assert capsys.readouterr() == ("It is blue.\n", "")


def test_or_it_is_a_part_of_the_json(capsys: pytest.CaptureFixture[str]) -> None:
    show(answered, Options(as_json=True, quiet=True), answer=False)
    printed = capsys.readouterr()
    assert json.loads(printed.out) == REPORT.as_json()
    assert printed.err == ""


def test_stats_are_shown_if_they_are_wanted(capsys: pytest.CaptureFixture[str]) -> None:
    show(answered, Options(stats=True), answer=True)
    printed = capsys.readouterr()
    assert printed.out == "It is blue.\n"
    assert printed.err.startswith(LAST)
    assert "reading, tokens/s" in printed.err


@pytest.mark.parametrize("as_json", [True, False])
def test_what_was_interrupted_is_shown_too(
    as_json: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(display: Display) -> Report:
        display.text("It is")
        return Report(answer="It is")

    with pytest.raises(typer.Exit) as ended:
        show(interrupted, Options(as_json=as_json), answer=not as_json)
    assert ended.value.exit_code == ExitStatus.INTERRUPTED
    printed = capsys.readouterr()
    assert " (interrupted), peak" in printed.err
    if as_json:
        assert json.loads(printed.out)["stop_reason"] == "interrupted"
    else:
        assert printed.out == "It is\n"


@pytest.mark.parametrize(
    ("report", "options", "advised"),
    [
        (Report(), Options(), True),
        (Report(), Options(as_json=True), True),
        (Report(), Options(quiet=True), False),
        (Report(documents=(WHOLE, PART)), Options(), True),
        (Report(documents=(WHOLE, WHOLE)), Options(), False),  # notes were being made, maybe
        (Report(quick=True), Options(), False),
        (Report(stop_reason="eos"), Options(), False),
    ],
)
def test_what_would_be_quicker_is_said_where_reading_was_interrupted(
    report: Report, options: Options, advised: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    with suppress(typer.Exit):
        show(lambda display: report, options, answer=True, advice="do not read")
    assert capsys.readouterr().err.endswith("keydiff: do not read\n") == advised


def test_what_goes_wrong_comes_on_a_line_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    def failing(display: Display) -> Report:
        display.text("It is")
        raise UsageError("enough")

    with pytest.raises(UsageError, match="enough"):
        show(failing, Options(as_json=True), answer=True)
    assert capsys.readouterr() == ("It is\n", "")


def test_the_log_of_llama_cpp_is_passed_on_if_it_is_wanted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(library, "_echo_log", False)
    for verbose in (True, False):
        show(answered, Options(verbose=verbose, quiet=True), answer=False)
        assert library._echo_log is verbose
