"""What is shown while a command runs: notes, warnings, and the answer."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

import pytest

from keydiff_cli.errors import setting
from keydiff_cli.render import how_far
from keydiff_cli.render.display import Display
from keydiff_cli.report import (
    CacheSetup,
    MemoryUse,
    ModelIdentity,
    Progress,
    RecallCounts,
    Report,
    Timing,
    TokenCounts,
)
from keydiff_cli.text.coverage import Coverage, CoveredPart
from keydiff_cli.text.places import Citation, Look
from keydiff_cli.text.progress import DocumentProgress


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


def test_ocr_counts_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    display = Display(quiet=False, answer=True)
    shown: list[tuple[Any, ...]] = []
    monkeypatch.setattr(display, "_show_progress", lambda title: True)
    monkeypatch.setattr(display, "_update", lambda *what: shown.append(what))
    for done in range(3):
        display.recognising("a.pdf", done, 2)
    assert shown == [
        (0, 2, "OCR: page 1 of 2", "reading a.pdf"),
        (1, 2, "OCR: page 2 of 2", "reading a.pdf"),
    ]


@pytest.mark.parametrize("terminal", [True, False])
def test_a_citation_is_a_link_in_a_terminal(
    terminal: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
    display = Display(quiet=False, answer=True, files=lambda: ["/papers/a.pdf"])
    display.text("Two quays.")
    display.cited([Citation(0, 10, "a.pdf", 2, "", (1, 1), "", 1.0, None)], several=False)
    display.end_line()
    link = "\x1b]8;;file:///papers/a.pdf#page=2\x1b\\[page\x1b]8;;\x1b\\"
    link += " \x1b]8;;file:///papers/a.pdf#page=2\x1b\\2]\x1b]8;;\x1b\\"
    assert capsys.readouterr().out == f"Two quays. {link if terminal else '[page 2]'}\n"


@pytest.mark.parametrize(
    ("terminal", "plain", "shown"),
    [
        (True, False, "The \x1b[1mdock\x1b[0m.\n"),
        (True, True, "The **dock**.\n"),
        (False, False, "The **\x1b[7mdock**.\n"),
    ],
)
def test_markdown_is_rendered_on_a_terminal_alone(
    terminal: bool,
    plain: bool,
    shown: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
    display = Display(quiet=False, answer=True, plain=lambda: plain)
    for piece in ("The *", "*\x1b[7mdo", "ck**."):
        display.text(piece)
    display.end_line()
    assert capsys.readouterr().out == shown


def test_the_line_of_the_model_comes_once(capsys: pytest.CaptureFixture[str]) -> None:
    display = Display(quiet=False, answer=True)
    model = ModelIdentity("small", "small.gguf", None, "llama", 2048, 0)
    cache = CacheSetup("keydiff", 256, 64, 512, 1000, "f16", "direct")
    for _ in range(2):
        display.started(model, cache, MemoryUse(planned=10**8))
    assert capsys.readouterr().err == (
        "keydiff: small, keydiff with a budget of 256 tokens, 100 MB planned\n"
    )


def test_a_question_of_several_lines_is_shown_as_at_the_prompt(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Display(quiet=False, answer=True).question("one\ntwo\x1b[7m")
    Display(quiet=False, answer=False).question("three")
    assert capsys.readouterr() == ("> one\n  two\n", "")


def test_the_answer_can_be_left_to_others(capsys: pytest.CaptureFixture[str]) -> None:
    display = Display(quiet=False, answer=False)
    display.text("It is blue.")
    display.end_line()
    assert capsys.readouterr() == ("", "")


class Line:
    """What draws the progress, which it does when it is asked to."""

    def update(self, done: float, total: int | None, status: object, title: str) -> None:
        self.shown = {"completed": done, "total": total, "status": status, "description": title}


def test_how_far_reading_is_becomes_text_when_it_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    monkeypatch.setattr(how_far, "format_rate", lambda *_: made.append(1) or "9 tokens")
    display, line = Display(quiet=False, answer=True), Line()
    place = DocumentProgress("a.txt", "bytes", 2_000, 8_000)
    for _ in range(3):
        display.reading(Progress(640, 640, 1.0, place, 256, 256))  # no terminal: nothing is shown
    assert (made, line.__dict__) == ([], {})
    monkeypatch.setattr(display, "_show_progress", lambda title: True)
    display._line = line  # type: ignore[assignment]
    for _ in range(3):
        display.reading(Progress(640, 640, 1.0, place, 256, 256))
    assert made == []
    assert line.shown["description"] == "reading a.txt"
    status = "2.00 kB of 8.00 kB, 640 tokens, 9 tokens/s, cache 256/256"
    assert f"{line.shown['status']}" == status
    assert ", ".join(display.progress) == f"reading a.txt, {status}"
    assert len(made) == 2


@pytest.mark.parametrize("what", ["noting", "asking"])
def test_how_many_parts_there_are_is_shown(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    display, line = Display(quiet=False, answer=True), Line()
    monkeypatch.setattr(display, "_show_progress", lambda title: True)
    display._line = line  # type: ignore[assignment]
    getattr(display, what)(2, 9)
    assert line.shown["description"] == what
    assert (line.shown["completed"], line.shown["total"]) == (2, 9)
    assert line.shown["status"] == "part 3 of 9"


LOOK = Look("a.pdf", 7, (1, 9), 100, "words")
READ = Report(
    stop_reason="eos",
    tokens=TokenCounts(document=6426, kept=512, generated=12),
    timing_s=Timing(total=2.5),
    memory_bytes=MemoryUse(peak=3 * 10**8),
)
END = "generated 12 in 2.5 s, peak memory 300 MB\n"


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({}, "read 6426 tokens, kept 512, "),
        ({"recall": RecallCounts(384, 0.5)}, "read 6426 tokens, kept 512, recalled 384, "),
        ({"second_look": (LOOK,)}, "read 6426 tokens, kept 512, 1 passage again, "),
        (
            {"recall": RecallCounts(384, 0.5), "second_look": (LOOK, LOOK)},
            "read 6426 tokens, kept 512, recalled 384, 2 passages again, ",
        ),
        ({"quick": True}, "searched 6426 tokens, "),
        ({"quick": True, "second_look": (LOOK,)}, "searched 6426 tokens, 1 passage again, "),
    ],
)
def test_the_last_line_says_what_an_answer_rests_on(
    changes: dict[str, Any], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Display(quiet=False, answer=True).finished(replace(READ, **changes), stats=False)
    assert capsys.readouterr() == ("", f"keydiff: {line}{END}")
    Display(quiet=True, answer=True).finished(replace(READ, **changes), stats=False)
    assert capsys.readouterr() == ("", "")


def test_the_last_line_names_the_pages_that_are_held_least(
    capsys: pytest.CaptureFixture[str],
) -> None:
    means = (0.4, 0.0, 0.4)
    pages = [
        CoveredPart(100, mean, 0.5, 0, 0, "", (number, number), None)
        for number, mean in enumerate(means, 1)
    ]
    covered = Coverage(300, 0.27, 0.5, 0, 0, "a.pdf", "page", tuple(pages), ())
    report = replace(READ, coverage=(covered,))
    Display(quiet=False, answer=True).finished(report, stats=False)
    assert capsys.readouterr().err.endswith("peak memory 300 MB, weakest: page 2\n")
    Display(quiet=False, answer=True).finished(replace(report, quick=True), stats=True)
    line, *table = capsys.readouterr().err.splitlines()
    assert line.endswith("peak memory 300 MB")
    assert any(
        row.split() == ["a.pdf", "page", "2", "100", "0.0", "50.0", "0", "0"] for row in table
    )
