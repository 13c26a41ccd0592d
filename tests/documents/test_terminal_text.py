"""Logs as a terminal shows them in the end: what was overwritten there is read once."""

from __future__ import annotations

import random

import pytest
from document_helpers import Save, piped, read, text_of

from keydiff_cli.documents import LeftOut, open_document, terminal_text
from keydiff_cli.documents.byte_stream import CHUNK
from keydiff_cli.documents.terminal_text import MOST_HELD, TerminalText


def shown(text: str, sizes: tuple[int, ...] = (1 << 30,), beginning: str | None = None) -> str:
    """Read a text in parts of these sizes."""
    terminal = TerminalText(text if beginning is None else beginning)
    out, at, turn = "", 0, 0
    while at < len(text):
        size = sizes[turn % len(sizes)]
        out += terminal.read(text[at : at + size])
        at, turn = at + size, turn + 1
    return out + terminal.read("", final=True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\x1b[1;31mred\x1b[0m and \x1b[38;5;208mmore\x1b[m\n", "red and more\n"),
        ("\x1b]0;the title\x07text\n", "text\n"),
        ("\x1b]8;;https://example.org\x1b\\a link\x1b]8;;\x1b\\\n", "a link\n"),
        ("\x1bP1$r0m\x1b\\text \x1b(Bplain\x1b=\n", "text plain\n"),
        ("ding\x07 dong\n", "ding dong\n"),
        ("a\x1b[5Cb\x1b[3;4Hc\n", "a b\nc\n"),
        ("an escape \x1b", "an escape "),
        ("a title \x1b]without an end\nnext\n", "a title ]without an end\nnext\n"),
        ("N\bNA\bAME  _\bu_\bn_\bd_\be_\br\n", "NAME  under\n"),
        ("u\b_n\b_\n", "un\n"),
        ("wait: |\b/\b-\b\\\bdone\n", "wait: done\n"),
        ("read   5%\b\b\b\b 55%\b\b\b\b100%\n", "read 100%\n"),
        ("one\b\b\b\b\b\btwo\n", "two\n"),
        ("start\n  0%\r 50%\r100%\ndone\n", "start\n100%\ndone\n"),
        ("start\n\rget  0%\rget 50%\rget 100%\r\ndone\n", "start\nget 100%\ndone\n"),
        ("get 50%\r        \rdone\n", "get 50%\ndone\n"),
        ("get a 50%\rget a 100%\rput b 5%\rput b 100%\n", "get a 100%\nput b 100%\n"),
        ("Counting: 50% (1/2)\rCounting: 100% (2/2), done.\n", "Counting: 100% (2/2), done.\n"),
        ("\x1b[1Gstep 1/9\x1b[2K\x1b[1Gstep 9/9\n", "step 9/9\n"),
        ("one\rtwo\nthree\r\nfour\n\rfive\r\r\nsix", "one\ntwo\nthree\nfour\n\nfive\n\nsix"),
        ("one\rtwo\rthree\r", "one\ntwo\nthree\n"),
        ("first\r\rthird\r", "first\n\nthird\n"),
    ],
)
def test_what_is_shown(text: str, expected: str) -> None:
    for size in (1 << 30, 1, 2, 3, 5):
        assert shown(text, (size,)) == expected


def test_a_bar_with_colours(save: Save) -> None:
    bar = "".join(f"\r\x1b[32m{n:3}%|{'█' * (n // 5):20}| {n}/100\x1b[0m" for n in range(101))
    text = f"begin\n{bar}\nend: 7 rows\n"
    document = piped(text.encode())
    assert read(document) == f"begin\n100%|{'█' * 20}| 100/100\nend: 7 rows\n"
    assert document.warnings == []
    what = "states of lines that overwrite themselves"
    assert document.left_out == [LeftOut(None, what, 100)]
    assert text_of(bar.encode()) == f"100%|{'█' * 20}| 100/100"


def test_bars_below_each_other() -> None:
    """As two bars are drawn: the inner one in the line below, and back up."""
    text = "begin\n"
    for outer in range(9):
        text += f"\router {outer}/9"
        for inner in range(99):
            text += f"\n\rinner {inner}/99\x1b[A"
    text += "\n\nend\n"
    lines = shown(text).splitlines()
    assert lines[0] == "begin" and lines[-1] == "end"
    assert "outer 8/9" in lines and "inner 98/99" in lines
    assert len(lines) < 9


def test_lines_of_an_old_mac_are_kept() -> None:
    rows = "".join(f"share {n}%\r" for n in range(9))
    prose = "".join(f"Line {n} of a text that is no log.\r" for n in range(40))
    assert shown(prose + rows) == (prose + rows).replace("\r", "\n")
    assert text_of((prose + rows).encode("mac_roman")) == (prose + rows).replace("\r", "\n")


def test_lines_that_are_alike_but_show_no_progress_are_kept() -> None:
    text = "head\nvalue 1\rvalue 2\rvalue 3\nend\n"
    assert shown(text) == text.replace("\r", "\n")


def test_a_line_that_never_ends_is_passed_on() -> None:
    terminal = TerminalText("")
    given = passed = 0
    for part in ["x" * 1000, "y" * 999 + "\x1b[0m", "z" * 50 + "\b"] * 300:
        given += len(part)
        passed += len(terminal.read(part))
        assert given - passed < 2 * MOST_HELD + 1000
    terminal = TerminalText("")
    out = sum(len(terminal.read("\x1b]" + "t" * 999)) for _ in range(900))
    assert out > 900 * 900


def test_rows_keep_their_order() -> None:
    long = "x" * MOST_HELD
    for text in (f"\x1b[A{long}x\n{long}y\n", "\x1b[Aone\ntwo\rthree\rfour\n"):
        expected = text[3:].replace("\r", "\n")
        assert shown(text) == expected == shown(text, (100,), text)


def test_a_long_state_is_not_overwritten() -> None:
    text = "5% " + "x" * MOST_HELD + "\r6% \n"
    assert shown(text) == text.replace("\r", "\n") == shown(text, (777,))


def test_overwritten_lines_across_pieces(save: Save) -> None:
    bar = "".join(f"\rstep {n}/8000" for n in range(8_000))
    for shift in range(3):
        path = save("a.log", b"x" * (CHUNK - 20 + shift) + b"\n" + bar.encode() + b"\nend\n")
        text = read(open_document(path, None))  # type: ignore[arg-type]
        assert text.splitlines()[1:] == ["step 7999/8000", "end"]


PARTS = [
    "\r",
    "\n",
    "\b",
    "\b\b",
    "\x1b",
    "\x1b[",
    "\x1b[0m",
    "\x1b[A",
    "\x1b]",
    "\x07",
    "1",
    ";",
    "G",
]
PARTS += [" 5%", "get 7%", "word", " ", "_", "é", "x" * 11]


@pytest.mark.parametrize("held", [8, MOST_HELD])
def test_no_cut_changes_what_is_shown(held: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal_text, "MOST_HELD", held)
    dice = random.Random(6)
    for _ in range(1500):
        text = "".join(dice.choices(PARTS, k=14))
        whole = shown(text)
        for size in (1, 2, 5):
            assert shown(text, (size,), text) == whole
        assert not set(whole) & set("\r\b\x1b\x07")


def test_plain_text_is_kept() -> None:
    dice = random.Random(2)
    text = "".join(dice.choice(["a", "b ", "\n", "\t", "é", "\f"]) for _ in range(9000))
    assert shown(text, (100, 7)) == text
    assert shown(text.replace("\n", "\r\n"), (100, 7)) == text
