"""What bears on a question: when it is looked for, and that it goes again."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from keydiff_cli.cache import LostRowsError
from keydiff_cli.errors import UsageError
from keydiff_cli.llama import LlamaError
from keydiff_cli.reading.answering import Answering
from keydiff_cli.reading.recorder import Recorder
from keydiff_cli.reading.second_look import Passages
from keydiff_cli.report import Events
from keydiff_cli.settings.config import Settings
from keydiff_cli.text.places import Look
from keydiff_cli.text.prompts import Asked

LIFTS = np.ones(3, np.float32)
ASKED = Asked(np.arange(4, dtype=np.int32), 1)
FOUND = Passages("Passages", (Look("a", None, (1, 2), 5, "words"),))


class Held:
    """Documents that are held, and what is asked of them in which order."""

    def __init__(self, *, intact: bool = False, searched_only: bool = False) -> None:
        self.cache: Any = object()
        self.intact = intact
        self.searched_only = searched_only
        self.asked: list[Any] = []
        self.recaller = SimpleNamespace(recalled=self._recalled)
        self.second_look = SimpleNamespace(find=self._find)

    @contextmanager
    def _recalled(
        self, question: Asked, tokens: int, scored: bool, in_use: Callable[[], object]
    ) -> Iterator[Any]:
        assert question is ASKED
        assert in_use() is self.cache
        self.asked.append(("recall", tokens, scored))
        try:
            yield LIFTS
        finally:
            self.asked.append("undone")

    def _find(self, question: str, before: str, lifts: Any, tokens: int) -> Passages:
        assert lifts is LIFTS
        self.asked.append(("look", question, before, tokens))
        return FOUND if tokens else Passages()


@pytest.fixture
def recorder() -> Recorder:
    return Recorder(Events())


def seek(held: Any, settings: Settings, recorder: Recorder) -> Any:
    answering = Answering(settings, recorder)
    answering._held = held
    return answering.evidence("Why?", ASKED, "When?")


def test_rows_come_back_first_and_passages_are_found_by_their_attention(
    recorder: Recorder,
) -> None:
    held = Held(intact=False)
    with seek(held, Settings(recall=7, second_look=100), recorder) as passages:
        assert passages is FOUND
        assert held.asked == [("recall", 7, True), ("look", "Why?", "When?", 100)]
        assert recorder.report.second_look == FOUND.looks
    assert held.asked[2:] == ["undone"]


def test_rows_go_again_whatever_happens(recorder: Recorder) -> None:
    held = Held(intact=False)
    with pytest.raises(KeyboardInterrupt), seek(held, Settings(), recorder):
        raise KeyboardInterrupt
    assert held.asked[2:] == ["undone"]


@pytest.mark.parametrize(("intact", "share"), [(True, 100), (False, 0)])
def test_where_all_is_in_view_or_it_is_off_no_passages_are_looked_for(
    recorder: Recorder, intact: bool, share: int
) -> None:
    recorder.passages_found(FOUND.looks, 1.0)  # of the question before
    held = Held(intact=intact)
    with seek(held, Settings(recall=0, second_look=share), recorder) as passages:
        assert passages == Passages()
    assert held.asked == [("recall", 0, False), ("look", "Why?", "When?", 0), "undone"]
    assert recorder.report.second_look == ()


@pytest.mark.parametrize("share", [0, 100])
def test_an_answer_that_rests_on_nothing_is_warned_of(recorder: Recorder, share: int) -> None:
    held = Held(searched_only=True)
    with seek(held, Settings(second_look=share), recorder):
        pass
    assert len(recorder.report.warnings) == (share == 0)


def test_what_the_cache_has_lost_is_neither_kept_nor_asked_about_again(recorder: Recorder) -> None:
    """Also if Ctrl-C comes meanwhile."""
    held, answering = Held(), Answering(Settings(), recorder)

    def keep_nothing() -> None:
        signal.raise_signal(signal.SIGINT)
        held.asked.append("not kept")

    answering._held = held  # type: ignore[assignment]
    answering._reading = SimpleNamespace(keep_nothing=keep_nothing)  # type: ignore[assignment]
    with (
        pytest.raises(LostRowsError, match="the device is gone"),
        answering.evidence("Why?", ASKED, "When?"),
    ):
        raise LostRowsError(LlamaError("the device is gone"))
    assert held.asked[2:] == ["undone", "not kept"]
    with pytest.raises(UsageError, match="read a document first"):
        answering.ask("Why?")
