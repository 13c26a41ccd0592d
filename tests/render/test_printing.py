"""Tables and JSON: whole on a pipe, and nothing in them drives a terminal."""

from __future__ import annotations

import io
import json

import pytest

from keydiff_cli.render.printing import print_json, print_line, print_table


def test_a_table_is_as_wide_as_its_content_on_a_pipe() -> None:
    file = io.StringIO()
    print_table(("name", "size"), [("a" * 300, 1), ("b", 22)], file=file)
    assert file.getvalue().splitlines() == [
        f"{'name':300}  size",
        f"{'a' * 300}  1",
        f"{'b':300}  22",
    ]


def test_cells_are_safe_and_a_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("name",), [("\x1b[31mred\u202e\nnext [bold]line",)])
    assert capsys.readouterr() == ("name\nred next [bold]line\n", "")


def test_a_line_is_broken_at_words_on_a_terminal_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    text, file = "words and \x1b[31mmore of them " * 9, io.StringIO()
    print_line(text, file)
    assert file.getvalue() == "words and more of them " * 8 + "words and more of them\n"
    monkeypatch.setattr(file, "isatty", lambda: True)
    print_line(text, file)
    _, *rows = file.getvalue().splitlines()
    assert len(rows) == 3
    assert max(map(len, rows)) <= 80


def test_json_is_safe_and_says_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    value = {"é": "a\x1b[31m\x9b\u202eb\n"}
    for indent, lines in ((2, 3), (None, 1)):
        print_json(value, indent=indent)
        out = capsys.readouterr().out
        assert json.loads(out) == value
        assert out.count("\n") == lines
        assert out.startswith("{")
        assert "é" in out
        assert not set(out) & {"\x1b", "\x9b", "\u202e"}
