"""Giving jobs to workers: none is lost when one dies, and none is done twice."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import pytest

from keydiff_cli.batch.dispatch import Died, Dispatcher
from keydiff_cli.batch.messages import Job, Message, Outcome, Over

Script = Callable[[Job, int], list[Message | Died]]


class FakeCrew:
    """Workers that tell what a script says of a job, given for so many times."""

    def __init__(self, places: int, script: Script) -> None:
        self.places = places
        self.log: list[tuple[str, int]] = []
        self.given: list[Job] = []
        self._script = script
        self._told: deque[tuple[int, Message | Died]] = deque()

    def start(self, place: int) -> None:
        self.log.append(("start", place))

    def give(self, place: int, job: Job) -> None:
        self.given.append(job)
        times = [each.number for each in self.given].count(job.number)
        self._told += [(place, message) for message in self._script(job, times)]

    def receive(self) -> tuple[int, Message | Died]:
        return self._told.popleft()

    def close(self) -> None:
        self.log.append(("close", -1))


def jobs(count: int, *questions: str) -> list[Job]:
    return [Job(number, f"{number}.txt", questions or ("?",)) for number in range(count)]


def answers(job: Job) -> list[Message | Died]:
    return [*(Outcome(job.number, each) for each in job.questions), Over(job.number)]


def outcomes(crew: FakeCrew, given: list[Job]) -> list[Outcome]:
    messages = list(Dispatcher(crew).messages(iter(given)))
    assert crew.log[-1] == ("close", -1)
    return [message for message in messages if isinstance(message, Outcome)]


def test_each_document_is_given_once_and_no_more_workers_start_than_are_needed() -> None:
    crew = FakeCrew(3, lambda job, _: answers(job))
    assert [each.number for each in outcomes(crew, jobs(2))] == [0, 1]
    assert crew.log == [("start", 0), ("start", 1), ("close", -1)]
    crew = FakeCrew(2, lambda job, _: answers(job))
    assert [each.number for each in outcomes(crew, jobs(5))] == [0, 1, 2, 3, 4]
    assert [job.number for job in crew.given] == [0, 1, 2, 3, 4]


def test_another_worker_does_what_is_left_when_one_dies() -> None:
    def script(job: Job, times: int) -> list[Message | Died]:
        if job.number == 0 and times == 1:
            return [Outcome(0, "1?"), Died("signal 9")]
        return answers(job)

    crew = FakeCrew(2, script)
    found = outcomes(crew, jobs(3, "1?", "2?"))
    pairs = [(each.number, each.question) for each in found]
    assert sorted(pairs) == [(number, each) for number in range(3) for each in ("1?", "2?")]
    assert all(each.error is None for each in found)
    [first, second] = [job.questions for job in crew.given if job.number == 0]
    assert (first, second) == (("1?", "2?"), ("2?",))
    assert [place for what, place in crew.log if what == "start"] == [0, 1, 0]


def test_a_document_over_which_two_have_died_fails_and_the_others_do_not() -> None:
    def script(job: Job, _: int) -> list[Message | Died]:
        return [Died("signal 9")] if job.number == 1 else answers(job)

    crew = FakeCrew(1, script)
    messages = list(Dispatcher(crew).messages(iter(jobs(3))))
    found = [each for each in messages if isinstance(each, Outcome)]
    errors = {each.number: each.error for each in found}
    assert (errors[0], errors[2]) == (None, None)
    assert "has died twice: signal 9" in (errors[1] or "")
    assert Over(1) in messages
    assert [job.number for job in crew.given].count(1) == 2


def test_one_that_dies_after_the_last_answer_leaves_nothing_to_do() -> None:
    crew = FakeCrew(1, lambda job, _: [*answers(job)[:-1], Died("signal 9")])
    messages = list(Dispatcher(crew).messages(iter(jobs(1))))
    assert messages == [Outcome(0, "?"), Over(0)]


def test_workers_end_when_nobody_wants_to_hear_any_more() -> None:
    crew = FakeCrew(1, lambda job, _: answers(job))
    messages = Dispatcher(crew).messages(iter(jobs(3)))
    next(messages)
    messages.close()
    assert crew.log == [("start", 0), ("close", -1)]
    with pytest.raises(StopIteration):
        next(messages)
