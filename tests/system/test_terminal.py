"""Text for the terminal: what must not get through, and what must."""

from __future__ import annotations

import re
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from text_helpers import split_at

from keydiff_cli.system.terminal import Sanitizer, complain, printable

steady = settings(derandomize=True, deadline=None, max_examples=300)

BIDI = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c"
UNSAFE = re.compile(f"[\0-\\x08\\x0b-\\x1f\\x7f-\\x9f{BIDI}]")
# Texts in which sequences begin, nest and break off more often than by chance.
hostile = st.lists(
    st.one_of(
        st.sampled_from("\x1b\x07\x9b\x9c\x9d\x90\n\t\r\0\x7f[]P^_X\\;?0m ABé\u202e\u2066\udce9"),
        st.sampled_from(["\x1b[", "\x1b]", "\x1b\\", "\x1bP", "\x1b[31m", "\x1b]0;x\x07", "text"]),
        st.text(max_size=3),
    ),
    max_size=25,
).map("".join)


def clean(text: str) -> str:
    return Sanitizer()(text)


@pytest.mark.parametrize(
    "text",
    ["plain text", "", "tabs\tand\nlines\n\n", "naïve café — 東京 🚢", "e\u0301 👩\u200d🚀 नि",
     "[31m is no sequence", "a \\ b ] c [ d", "\ufeff\u00a0\u00ad", "שלום عالم"],
)  # fmt: skip
def test_text_gets_through(text: str) -> None:
    assert clean(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b[38;2;1;2;3mred", "red"),
        ("\x1b[2J\x1b[H\x1b[?25lgone", "gone"),
        ("\x1b[1 qcursor", "cursor"),
        ("\x9b31mred\x9bm", "red"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]0;title\x1b\\text", "text"),
        ("\x1b]52;c;aGFoYQ==\x9ctext", "text"),
        ("\x9d0;title\x9ctext", "text"),
        ("\x1b]8;;http://a.example\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1bPq#0;2;0;0;0\x1b\\text", "text"),
        ("\x90payload\x9ctext", "text"),
        ("\x1b_application\x1b\\\x1b^private\x1b\\\x1bXstart\x1b\\text", "text"),
        ("\x1bcreset\x1b7\x1b8", "reset"),
        ("\x1b(0line\x1b(B", "line"),
        ("\x1b#8text", "text"),
        ("a\rb\bc\0d\x07e\x0cf\x0bg\x7fh", "abcdefgh"),
        ("a\x84b\x85c\x8dd", "abcd"),
        (f"a{BIDI}b", "ab"),
        ("\x1b", ""),
        ("cut short\x1b[31", "cut short"),
    ],
)
def test_sequences_and_controls_are_removed(text: str, shown: str) -> None:
    assert clean(text) == shown


@pytest.mark.parametrize("start", ["\x1b]0;", "\x1bP", "\x9d", "\x1b_", "\x1b^", "\x1bX", "\x90"])
def test_a_string_without_end_swallows_no_more_than_its_line(start: str) -> None:
    assert clean(f"one {start}two\nthree") == "one \nthree"


def test_a_control_sequence_ends_with_its_line() -> None:
    assert clean("one \x1b[31\ntwo") == "one \ntwo"


def test_text_that_is_no_part_of_a_sequence_ends_it() -> None:
    assert clean("\x1b[31é and so on") == "é and so on"


@pytest.mark.parametrize("text", ["\x1b\x1b[31mred", "\x1b[3\x1b[31mred", "\x1b\x9b31mred"])
def test_a_sequence_may_break_off_for_another(text: str) -> None:
    assert clean(text) == "red"


@given(hostile)
@steady
def test_nothing_that_drives_a_terminal_gets_through(text: str) -> None:
    shown = clean(text)
    assert not UNSAFE.search(shown)
    assert shown.count("\n") == text.count("\n")
    assert clean(shown) == shown


@given(hostile, st.lists(st.integers(0, 60), max_size=8))
@steady
def test_it_does_not_matter_how_the_text_is_cut(text: str, cuts: list[int]) -> None:
    whole, sanitizer = clean(text), Sanitizer()
    assert "".join(sanitizer(piece) for piece in split_at(text, cuts)) == whole


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters=BIDI)))
@steady
def test_nothing_else_is_lost(text: str) -> None:
    assert clean(text) == text


@given(hostile)
@steady
def test_a_message_is_one_line(text: str) -> None:
    line = printable(text)
    assert not UNSAFE.search(line)
    assert len(line.splitlines()) <= 1
    assert line == " ".join(line.split(" ")).strip()
    line.encode()
    assert "\t" not in line


def test_a_message_keeps_its_words_apart() -> None:
    assert printable("  one\n\ttwo\u2028three \x1b[1mfour ") == "one two three four"


def test_a_message_shows_what_is_no_character_as_a_question_mark() -> None:
    assert printable("no file caf\udce9.txt") == "no file caf?.txt"


@pytest.mark.parametrize("terminal", [True, False])
def test_a_terminal_gets_messages_broken_at_words(
    terminal: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("keydiff_cli.system.terminal.columns_of", lambda _: 20)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    complain("the answer stopped at its length")
    lines = ["keydiff: the answer", "stopped at its", "length"]
    assert capsys.readouterr().err == ("\n" if terminal else " ").join(lines) + "\n"
