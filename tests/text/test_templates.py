"""Chat templates that take more time, memory or text than any has a use for."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from keydiff_cli.errors import ModelError
from keydiff_cli.text import template_worker, templates
from keydiff_cli.text.templates import render_first

USER = [{"role": "user", "content": "Hello."}]
REFUSED = r"^the chat template of the model cannot be rendered: {}; use another model$"
LOOP = "{% for i in range(99999) %}{% for j in range(99999) %}%s{% endfor %}{% endfor %}"


@pytest.mark.parametrize(
    ("template", "why"),
    [
        (LOOP.replace("%s", "text"), "it builds too much text"),
        ("{{ 'text' * 10 ** 10 }}", "it builds too much text"),
        ("{{ 'text' | center(10 ** 10) }}", "it builds too much text"),
        (
            "{% set n = namespace(x='text') %}{% for i in range(60) %}"
            "{% set n.x = n.x ~ n.x %}{% endfor %}",
            "(it builds too much text|it took more than 2 s)",  # by the speed of its memory
        ),
        (LOOP.replace("%s", ""), "it took more than 2 s"),
    ],
    ids=["loop", "product", "filter", "doubled", "endless"],
)
def test_it_is_stopped(template: str, why: str) -> None:
    with pytest.raises(ModelError, match=REFUSED.format(why)):
        render_first(template, USER, having="")


def test_off_the_main_thread() -> None:
    texts: list[str] = []
    render = lambda: texts.append(render_first("{{ messages[0].content }}", USER, having=""))  # noqa: E731
    thread = threading.Thread(target=render)
    thread.start()
    thread.join()
    assert texts == ["Hello."]


def test_the_first_chat_that_has_a_place() -> None:
    merged = [{"role": "user", "content": "Be brief. Hello."}]
    system = {"role": "system", "content": "Be brief."}
    for template, text in [
        ("{% for m in messages %}{{ m.content }}|{% endfor %}", "Be brief.|Hello.|"),
        ("{{ messages[-1].content }}", "Be brief. Hello."),
        ("{{ raise_exception('no') if messages[1] else messages[0].content }}", "Be brief. Hello."),
    ]:
        assert render_first(template, [system, *USER], merged, having="Be brief.") == text


def test_what_cannot_be_started_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(templates, "_WORKER", tmp_path / "none.py")
    with pytest.raises(ModelError, match=REFUSED.format("it crashed")):
        render_first("{{ 'here' }}", USER, having="")


def test_where_there_is_no_such_process_the_text_is_bounded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(templates.os, "name", "nt")
    with pytest.raises(ModelError, match=REFUSED.format("it builds too much text")):
        render_first(LOOP.replace("%s", "more text"), USER, having="")


def test_a_long_message_is_no_excess() -> None:
    long = "x" * (2 * template_worker._LONGEST)
    messages = [{"role": "user", "content": long}]
    assert template_worker.render("<{{ messages[0].content }}>", messages, {}) == f"<{long}>"
