"""The engine: a thread that answers in turn, and what it tells of each question."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Queue
from typing import Any

import pytest

from keydiff_cli.errors import AnswerError, DocumentError
from keydiff_cli.llama import hold_interrupt
from keydiff_cli.report import Report
from keydiff_cli.serve.engine import Engine
from keydiff_cli.serve.job import Answered, Failed, Job, Piece, Waiting
from keydiff_cli.serve.metrics import Metrics
from keydiff_cli.serve.refusals import Refusal
from keydiff_cli.settings.config import Settings
from keydiff_cli.talk.inquiries import Inquiry, Spent

GONE = Refusal(499, "the client has gone")


class Desk:
    """A desk whose answers are given by the tests."""

    def __init__(self, answers: dict[str, Callable[[], Iterator[str]]]) -> None:
        self._answers = answers
        self.asked: list[str] = []
        self.closed = 0
        self.spent = Spent(generated=2)
        self.report = Report(answer="", stop_reason="eos")

    def answer(self, inquiry: Inquiry) -> Iterator[str]:
        self.asked.append(inquiry.question)
        yield from self._answers.get(inquiry.question, lambda: iter(["yes"]))()

    def close(self) -> None:
        self.closed += 1


class Asked:
    """A question, and all that was told of it."""

    def __init__(self, question: str, client: str = "a", stops: tuple[str, ...] = ()) -> None:
        self.news: Queue[Any] = Queue()
        self.job = Job(client, Inquiry(question, (), (), Settings()), stops, self.news.put)

    def told(self) -> Any:
        """What came last, and the text before it."""
        text = ""
        while not isinstance(what := self.news.get(timeout=20), Answered | Failed):
            text += what.text if isinstance(what, Piece) else ""
        return (text, what.refusal.status) if isinstance(what, Failed) else (text, what.stopped)


@contextmanager
def running(most: int = 8, **answers: Callable[[], Iterator[str]]) -> Iterator[tuple[Engine, Desk]]:
    desk: Any = Desk(answers)
    engine = Engine(lambda _: desk, Metrics(), most)
    engine.start()
    yield engine, desk
    engine.end(0)
    assert engine.join(20)


class Gate:
    """An answer that waits in its middle, computing as llama.cpp does."""

    def __init__(self) -> None:
        self.reached, self.opened = threading.Event(), threading.Event()

    def __call__(self) -> Iterator[str]:
        yield "begun "
        self.reached.set()
        while not self.opened.wait(0.01):
            with hold_interrupt():
                pass
        yield "ended"


def test_clients_take_turns_and_are_told_their_places() -> None:
    gate = Gate()
    with running(first=gate) as (engine, desk):
        first = Asked("first")
        engine.submit(first.job)
        assert gate.reached.wait(20)
        asked = [Asked("a2"), Asked("a3"), Asked("b1", "b")]
        assert [engine.submit(each.job) for each in asked] == [1, 2, 2]
        assert [each.news.get() for each in asked[:2]] == [Waiting(1), Waiting(2)]
        assert asked[1].news.get() == Waiting(3)  # since the other client came
        assert (engine.waiting, engine.running) == (3, True)
        gate.opened.set()
        assert first.told() == ("begun ended", False)
        assert [each.told() for each in asked] == [("yes", False)] * 3
        assert desk.asked == ["first", "a2", "b1", "a3"]


def test_a_full_queue_refuses_and_says_when_to_come_again() -> None:
    gate = Gate()
    with running(most=1, first=gate) as (engine, _):
        first = Asked("first")
        engine.submit(first.job)
        assert gate.reached.wait(20)
        engine.submit(Asked("second").job)
        with pytest.raises(Refusal) as refused:
            engine.submit(Asked("third").job)
        assert (refused.value.status, refused.value.headers) == (429, {"Retry-After": "1"})
        gate.opened.set()


def test_what_is_cancelled_is_answered_no_more() -> None:
    gate = Gate()
    with running(first=gate) as (engine, desk):
        first, second, third = Asked("first"), Asked("second"), Asked("third")
        engine.submit(first.job)
        assert gate.reached.wait(20)
        engine.submit(second.job)
        engine.submit(third.job)
        engine.cancel(second.job, GONE)
        engine.cancel(first.job, GONE)
        assert second.told() == ("", 499)
        assert first.told() == ("begun ", 499)
        assert third.told() == ("yes", False)
        assert desk.asked == ["first", "third"]


def test_an_answer_ends_before_a_stop() -> None:
    with running(one=lambda: iter(["a b", "c E", "ND d", "e"])) as (engine, _):
        asked = Asked("one", stops=("END",))
        engine.submit(asked.job)
        assert asked.told() == ("a bc ", True)
        asked = Asked("one", stops=("eX",))
        engine.submit(asked.job)
        assert asked.told() == ("a bc END de", False)


def failing(error: BaseException) -> Callable[[], Iterator[str]]:
    def answer() -> Iterator[str]:
        yield "begun"
        raise error

    return answer


def test_what_fails_is_told_and_the_next_is_answered(capsys: pytest.CaptureFixture[str]) -> None:
    answers = {
        "bad": failing(DocumentError("a.pdf is damaged")),
        "bug": failing(ZeroDivisionError("x")),
        "data": failing(AnswerError("not valid")),
    }
    with running(**answers) as (engine, desk):
        for question, status in (("bad", 400), ("bug", 500), ("data", 500)):
            asked = Asked(question)
            engine.submit(asked.job)
            assert asked.told() == ("begun", status)
        assert desk.closed == 1  # after what was not foreseen it begins anew
        asked = Asked("next")
        engine.submit(asked.job)
        assert asked.told() == ("yes", False)
    assert capsys.readouterr().err == "keydiff: error: ZeroDivisionError: x\n"


def test_data_that_is_cut_off_is_the_answer_with_a_warning() -> None:
    with running(data=failing(AnswerError("cut off after 5 tokens"))) as (engine, desk):
        desk.report = Report(stop_reason="length", warnings=("one",))
        asked = Asked("data")
        engine.submit(asked.job)
        while not isinstance(what := asked.news.get(timeout=20), Answered):
            pass
        assert what.report.warnings == ("one", "cut off after 5 tokens")


def test_in_the_end_the_answer_on_its_way_has_its_time() -> None:
    gate, cut = Gate(), Gate()
    with running(first=gate) as (engine, _):
        first, second = Asked("first"), Asked("second")
        engine.submit(first.job)
        assert gate.reached.wait(20)
        engine.submit(second.job)
        engine.end(60)
        assert second.told() == ("", 503)
        with pytest.raises(Refusal, match="ending"):
            engine.submit(Asked("third").job)
        gate.opened.set()
        assert first.told() == ("begun ended", False)
    with running(first=cut) as (engine, _):
        first = Asked("first")
        engine.submit(first.job)
        assert cut.reached.wait(20)
        engine.end(0.05)
        assert first.told() == ("begun ", 503)


def test_what_cannot_begin_is_raised() -> None:
    def fail(_: Any) -> Any:
        raise DocumentError("no model")

    with pytest.raises(DocumentError, match="no model"):
        Engine(fail, Metrics(), 1).start()
