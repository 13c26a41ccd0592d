"""What is told before an answer begins."""

from __future__ import annotations

import pytest

from keydiff_cli.report import Progress
from keydiff_cli.serve import watching
from keydiff_cli.serve.watching import Watching


def test_it_is_told_once_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([5.0, 5.5, 6.0, 7.0, 8.0, 9.0])
    monkeypatch.setattr(watching.time, "monotonic", lambda: next(times))
    told: list[str] = []
    watch = Watching(told.append)
    for tokens in (128, 256, 384):
        watch.reading(Progress(tokens, tokens, 1.0, None, tokens, 1024))
    watch.noting(1, 9)
    watch.asking(2, 9)
    watch.fetching(3, 9)
    assert told == [
        "reading: 128 tokens",
        "reading: 384 tokens",
        "noting: 1 of 9 parts",
        "asking: 2 of 9 parts",
        "fetching the model: 3 of 9 bytes",
    ]


def test_ocr_stops_when_it_is_to_and_warnings_are_said(capsys: pytest.CaptureFixture[str]) -> None:
    told: list[str] = []
    watch = Watching(told.append)
    watch.recognising("a.pdf", 1, 9)
    watch.stop.set()
    with pytest.raises(KeyboardInterrupt):
        watch.recognising("a.pdf", 2, 9)
    assert told == ["OCR of a.pdf: 1 of 9 pages"] and not watch.stop.is_set()
    watch.warning("page 3 is empty")
    assert capsys.readouterr().err == "keydiff: warning: page 3 is empty\n"
