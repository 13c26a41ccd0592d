"""An answer as a terminal shows it."""

from __future__ import annotations

import io

import pytest

from keydiff_cli.render.shown_answer import ShownAnswer


def shown(*, plain: bool) -> str:
    answer = ShownAnswer(io.StringIO(), plain=plain)
    out = answer.text("The *do") + answer.text("ck*\x1b]0;title")
    out += answer.mark(" [page 2]", "") + answer.mark(" [page 3]", "file:///a")
    return out + answer.text("\x07.") + answer.end()


@pytest.mark.parametrize(("term", "plain"), [("dumb", False), ("xterm", True)])
def test_without_markdown_it_is_as_it_came_but_safe(
    term: str, plain: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", term)
    link = "\x1b]8;;file:///a\x1b\\{}\x1b]8;;\x1b\\"
    linked = f"{link.format('[page')} {link.format('3]')}"
    assert shown(plain=plain) == f"The *dock* [page 2] {linked}.\n"


def test_markdown_is_rendered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    assert shown(plain=False).startswith("The \x1b[3mdock\x1b[0m [page 2] \x1b]8;;")
