"""Lines that are broken at words, while they come."""

from __future__ import annotations

import random

import pytest

from keydiff_cli.system.wrapping import PLAIN, Style, Wrapper, columns_of, text_width, wrapped

STORY = "The harbour has two quays, of which the north one was built in 1903. "


@pytest.mark.parametrize(
    ("text", "columns", "lines"),
    [
        ("one two three", 7, ["one two", "three"]),
        ("one  two", 8, ["one  two"]),
        ("one  two", 7, ["one", "two"]),
        ("abcdefghij k", 4, ["abcd", "efgh", "ij k"]),
        ("  one two", 6, ["  one", "two"]),
        ("日本語 日本", 6, ["日本語", "日本"]),
        ("日本語日本。語", 10, ["日本語日", "本。語"]),  # no full stop begins a line
        ("e\u0301te\u0301 e\u0301te\u0301", 7, ["e\u0301te\u0301 e\u0301te\u0301"]),
        ("a 한글 b", 4, ["a 한", "글 b"]),
        ("\u1100\u1161\u11a8 \u1112\u1161", 2, ["\u1100\u1161\u11a8", "\u1112\u1161"]),
        ("👨\u200d👩\u200d👧👍🏽 ❤\ufe0f", 4, ["👨\u200d👩\u200d👧👍🏽", "❤\ufe0f"]),
        ("🇩🇪🇫🇷", 2, ["🇩🇪", "🇫🇷"]),
        ("क्षि क्षि", 2, ["क्षि", "क्षि"]),
    ],
)
def test_lines_end_with_words(text: str, columns: int, lines: list[str]) -> None:
    assert wrapped(text, columns).split("\n") == lines
    assert all(text_width(line) <= columns for line in lines)


def test_columns_are_those_of_the_terminal_now() -> None:
    columns = [40]
    wrapper = Wrapper(lambda: columns[0])
    out = wrapper.put(STORY)
    columns[0] = 20
    out += wrapper.put(STORY) + wrapper.flush()
    first, *rest = out.split("\n")
    assert len(first) > 20
    assert max(map(len, rest[1:])) <= 20
    assert out.split() == (STORY * 2).split()


def test_pieces_make_the_same_lines_as_the_whole() -> None:
    text = STORY * 3 + "\n日本語の文章。\n👨\u200d👩\u200d👧👍🏽🇩🇪e\u0301 " + STORY
    for seed in range(20):
        cut, wrapper, out, left = random.Random(seed), Wrapper(lambda: 24), "", text
        while left:
            size = cut.randint(1, 7)
            out, left = out + wrapper.put(left[:size]), left[size:]
        whole = Wrapper(lambda: 24)
        assert out + wrapper.flush() == whole.put(text) + whole.flush()


def test_a_word_is_held_back_until_it_has_ended() -> None:
    wrapper = Wrapper(lambda: 80)
    assert wrapper.at_line_start
    assert wrapper.put("one tw") == "one"
    assert wrapper.put("o") == ""
    assert not wrapper.at_line_start
    assert wrapper.put("\nt") == " two\n"
    assert wrapper.flush() == "t"


def test_a_style_ends_before_a_line_does() -> None:
    wrapper, bold = Wrapper(lambda: 9), Style("<b>", "</b>")
    out = wrapper.put("a ", PLAIN) + wrapper.put("few words", bold) + wrapper.put(", so", PLAIN)
    assert out + wrapper.flush() == "a <b>few</b>\n<b>words</b>, so"


def test_lines_after_a_break_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    wrapper = Wrapper(lambda: 9)
    out = wrapper.put("- ")
    wrapper.hang = "  "
    assert out + wrapper.put("one two three\nfour") == "- one two\n  three\n"


def test_what_is_no_terminal_has_the_usual_columns(tmp_path) -> None:
    with (tmp_path / "file").open("w") as file:
        assert columns_of(file) == 80
    assert columns_of(file) == 80  # closed
