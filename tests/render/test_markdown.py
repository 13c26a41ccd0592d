"""Markdown of an answer, while it comes."""

from __future__ import annotations

import random
import re

import pytest

from keydiff_cli.render.markdown import MarkdownWriter
from keydiff_cli.system.wrapping import Style, text_width

BOLD, ITALIC, CYAN, END = "\x1b[1m", "\x1b[3m", "\x1b[36m", "\x1b[0m"
LINK = Style("<a>", "</a>")


@pytest.fixture(autouse=True)
def _colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)


def shown(text: str, columns: int = 80, **options: bool) -> str:
    writer = MarkdownWriter(lambda: columns, **options)
    return writer.text(text) + writer.end()


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("It is **two quays**.", [f"It is {BOLD}two quays{END}."]),
        ("*one* and `a * b`", [f"{ITALIC}one{END} and {CYAN}a *{END} {CYAN}b{END}"]),
        ("2 * 3 * 4, a_b_c, 2*3*4", ["2 * 3 * 4, a_b_c, 2*3*4"]),
        ("**never closed", ["**never closed"]),
        ("a `tick", ["a `tick"]),
        (r"\*no\* list", ["*no* list"]),
        ("# The quays", [f"{BOLD}The quays{END}"]),
        ("#1 of all", ["#1 of all"]),
        ("- one\n  * two", ["• one", "  • two"]),
        ("1. one\n12) two", ["1. one", "12) two"]),
        ("1903 was dry", ["1903 was dry"]),
        ("-5 degrees", ["-5 degrees"]),
        ("> said", ["│ said"]),
        ("---", ["─" * 24]),
        ("a\n\nb", ["a", "", "b"]),
        ("```py\na  = **b**\n```\nc", [f"{CYAN}a  = **b**{END}", "c"]),
        ("| a |", ["| a |"]),
    ],
)
def test_what_is_shown(text: str, lines: list[str]) -> None:
    found = shown(text).replace(f"{BOLD}{BOLD}", BOLD)
    assert found.replace(f"{END} {BOLD}", " ").split("\n") == [*lines, ""]
    assert shown(text, markdown=False) == f"{text}\n"


def test_lines_of_a_list_hang() -> None:
    assert shown("- one two three\n10. four fives", 12).split("\n") == [
        "• one two", "  three", "10. four", "    fives", "",
    ]  # fmt: skip


def test_a_table_is_drawn_within_the_columns() -> None:
    table = "| Quay | Cost |\n|---|--:|\n| **North** | twelve hundred pounds \\| more |\n\nSo."
    lines = re.sub(r"\x1b\[[\d;]*m", "", shown(table, 30)).split("\n")
    assert lines[0].split() == ["Quay", "Cost"]
    assert set(lines[1]) == {"─"}
    assert lines[2].split()[0] == "North"
    assert " ".join(lines[2:4]).split()[1:] == ["twelve", "hundred", "pounds", "|", "more"]
    assert lines[4:] == ["", "So.", ""]
    assert max(map(text_width, lines)) <= 30


TEXT = """# The **quays**

They were *both* built in **1903 or later**, and `cost` £1,200, which is 2 * 3, and **so on.

- one item that is long enough to be broken
> a quotation of some length, for two lines
```
code  = 1
```
| a | b |
|---|---|
| 1 | 2 |
1. 日本語の文章は、単語の間に空白がない。"""


@pytest.mark.parametrize("columns", [20, 60])
def test_pieces_look_as_the_whole_does(columns: int) -> None:
    whole = shown(TEXT, columns)
    for seed in range(20):
        cut, writer, out, left = random.Random(seed), MarkdownWriter(lambda: columns), "", TEXT
        while left:
            size = cut.randint(1, 9)
            out, left = out + writer.text(left[:size]), left[size:]
        assert out + writer.end() == whole
    bare = re.sub(r"\x1b\[[\d;]*m", "", whole)
    assert max(map(text_width, bare.split("\n"))) <= columns


def test_a_paragraph_is_shown_as_it_comes() -> None:
    writer = MarkdownWriter(lambda: 80)
    assert writer.text("The dock is dee") == "The dock is"
    assert writer.text("p and **wi") == " deep and"
    assert writer.text("de** no") == f" {BOLD}wide{END}"
    assert not writer.at_line_start
    assert writer.end() == " no\n"
    assert writer.at_line_start
    assert writer.end() == ""


def test_a_mark_is_shown_as_it_is_wherever_it_stands() -> None:
    writer = MarkdownWriter(lambda: 80)
    out = writer.text("It is **so.") + writer.mark(" [*p* 2]", LINK) + writer.text("** And.")
    said = f"It is {BOLD}so.{END} <a>[*p*</a> <a>2]</a> And.\n"
    assert out + writer.end() == said
    writer = MarkdownWriter(lambda: 80, markdown=False)
    out = writer.text("It is **so.") + writer.mark(" [*p* 2]", LINK) + writer.text("** And.")
    assert out + writer.end() == "It is **so. <a>[*p*</a> <a>2]</a>** And.\n"


def test_without_colours_code_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert shown("`a` **b**") == f"a {BOLD}b{END}\n"
