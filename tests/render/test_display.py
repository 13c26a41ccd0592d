"""What is shown while a command runs: notes, warnings, and the answer."""

from __future__ import annotations

import pytest

from keydiff_cli.errors import setting
from keydiff_cli.render.display import Display


def test_settings_are_named_as_flags(capsys: pytest.CaptureFixture[str]) -> None:
    display = Display(quiet=False, answer=True)
    display.note(display.named(f"leave {setting('gpu_layers')} out"))
    display.warning(display.named(f"the answer stopped at {setting('max_tokens', 9)}"))
    assert capsys.readouterr() == (
        "",
        "keydiff: leave --gpu-layers out\n"
        "keydiff: warning: the answer stopped at --max-tokens 9\n",
    )  # fmt: skip
    assert display.write_setting("kv_type", "f16") == "--kv-type f16"


def test_quiet_leaves_notes_out_and_no_warning(capsys: pytest.CaptureFixture[str]) -> None:
    display = Display(quiet=True, answer=True)
    display.note("a note")
    display.warning("a warning")
    assert capsys.readouterr() == ("", "keydiff: warning: a warning\n")


def test_a_warning_ends_the_line_of_the_answer(capsys: pytest.CaptureFixture[str]) -> None:
    display = Display(quiet=False, answer=True)
    display.text("It is ")
    display.warning("a warning")
    display.text("blue.\n")
    display.end_line()
    assert capsys.readouterr() == ("It is \nblue.\n", "keydiff: warning: a warning\n")


def test_the_answer_can_be_left_to_others(capsys: pytest.CaptureFixture[str]) -> None:
    display = Display(quiet=False, answer=False)
    display.text("It is blue.")
    display.end_line()
    assert capsys.readouterr() == ("", "")
