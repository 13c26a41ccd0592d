"""Steps that are taken while something else is waited for."""

from __future__ import annotations

import os
import signal
import threading
from typing import NoReturn

import pytest

from keydiff_cli.cli import background
from keydiff_cli.cli.background import Background
from keydiff_cli.errors import DocumentError


class Steps:
    """So many steps, each of which waits until it is let go."""

    def __init__(self, count: int) -> None:
        self.left = count
        self.let_go = threading.Semaphore(0)
        self.told = threading.Semaphore(0)
        self.background = Background(self.step, self.told.release)

    def step(self) -> bool:
        self.let_go.acquire(timeout=10)
        self.left -= 1
        return self.left > 0


def test_steps_are_taken_until_the_last_one() -> None:
    steps = Steps(3)
    with steps.background.going_on():
        for _ in range(3):
            steps.let_go.release()
            assert steps.told.acquire(timeout=10)
    assert steps.left == 0


def test_one_step_is_taken_in_any_case_and_none_after_the_end() -> None:
    steps = Steps(5)
    steps.let_go.release(5)
    left = []
    for _ in range(2):
        steps.let_go.release(1)  # for a step in any case
        with steps.background.going_on():
            steps.told.acquire(timeout=10)
        left.append(steps.left)
    assert 5 > left[0] >= left[1]
    last = Steps(1)
    last.let_go.release()
    with last.background.going_on():
        pass
    assert last.left == 0


def test_an_error_to_be_told_is_kept_and_any_other_one_is_raised_in_the_end() -> None:
    errors: list[Exception] = [DocumentError("page 7 is damaged"), TypeError("a defect")]

    def fail() -> NoReturn:
        raise errors.pop(0)

    told = threading.Semaphore(0)
    failing = Background(fail, told.release)
    with pytest.raises(EOFError), failing.going_on():
        told.acquire(timeout=10)
        raise EOFError
    assert isinstance(failing.failed, DocumentError)
    with pytest.raises(TypeError, match="a defect"), failing.going_on():
        told.acquire(timeout=10)
        raise EOFError
    assert failing.failed is None
    steps = Steps(1)
    steps.let_go.release()
    with steps.background.going_on():
        pass


@pytest.mark.skipif(os.name != "posix", reason="sends itself a signal")
def test_ctrl_c_comes_when_the_step_has_ended() -> None:
    before = signal.getsignal(signal.SIGINT)
    steps = Steps(2)

    def interrupt() -> None:
        steps.background.enough.wait(10)
        os.kill(os.getpid(), signal.SIGINT)
        steps.let_go.release()

    thread = threading.Thread(target=interrupt)
    with pytest.raises(KeyboardInterrupt), steps.background.going_on():
        thread.start()
    thread.join()
    assert steps.left == 1
    assert signal.getsignal(signal.SIGINT) is before


def test_another_ctrl_c_ends_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[str] = []
    monkeypatch.setattr(background, "end_at_once", lambda text, status: ended.append(text))
    steps = Steps(2)
    steps.background.note_interrupt()
    assert ended == []
    steps.background.enough.set()
    steps.background.note_interrupt()
    assert ended == ["error: interrupted"]
