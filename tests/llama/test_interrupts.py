"""Ctrl-C while llama.cpp does not return, or gives up because of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from process_helpers import environment

from keydiff_cli.llama import Context, LlamaError, Model, hold_interrupt, stopped_by
from keydiff_cli.llama.interrupts import interrupted

HOLDING = """
import ctypes, signal
from keydiff_cli.llama import hold_interrupt
from keydiff_cli.llama.library import function, library
library()
"""
# Of the thread that watches for Ctrl-C: it tells each time that it looks at the clock.
CLOCK = """
import types
from keydiff_cli.llama import interrupts
times = iter({times})
def monotonic():
    print("pressed", flush=True)
    return next(times)
interrupts.time = types.SimpleNamespace(monotonic=monotonic)
"""
# As llama.cpp waits for a server: in C, where no signal wakes it.
STUCK = """
import threading, time
from keydiff_cli.llama.interrupts import interrupted
libc, mutex = ctypes.CDLL(None), ctypes.create_string_buffer(64)
libc.pthread_mutex_lock(mutex)
def release():
    while not interrupted():
        time.sleep(0.01)
    libc.pthread_mutex_unlock(mutex)
if {returns}:
    threading.Thread(target=release, daemon=True).start()
try:
    with hold_interrupt():
        print("stuck", flush=True)
        libc.pthread_mutex_lock(mutex)
except KeyboardInterrupt:
    print("stopped")
"""
AT_A_TERMINAL = """
import os, types
from keydiff_cli.system import as_found
os.isatty = lambda _: True
as_found.handle_signals()
undo = lambda: os.write(1, b"undone\\n")
as_found.begin(types.SimpleNamespace(make=lambda: None, undo=undo))
"""
LATE = """
import os, socket, threading, time
real = socket.socketpair
class Late(socket.socket):
    def recv(self, size):
        number = super().recv(size)
        time.sleep({late})
        return number
def socketpair():
    numbers, written = real()
    return Late(fileno=numbers.detach()), written
socket.socketpair = socketpair
from keydiff_cli.llama.interrupts import interrupted
for turn in range({turns}):
    try:
        with hold_interrupt():
            signal.raise_signal(signal.SIGINT)
        print("not raised")
    except KeyboardInterrupt:
        if interrupted():
            print("still interrupted")
    with hold_interrupt():
        time.sleep({late} * 2)
        if interrupted():
            print("interrupted by the Ctrl-C before")
print(threading.active_count(), os.dup(0))
"""
GIVING_UP = """
abort = function("ggml_abort", None, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p)
with hold_interrupt():
    if {pressed}:
        signal.raise_signal(signal.SIGINT)
    abort(b"a.cpp", 1, b"the server is gone")
"""


def start(code: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", HOLDING + code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(PYTHONPATH=os.pathsep.join(filter(None, sys.path))),
        text=True,
    )


zeroed_mutex = pytest.mark.skipif(
    sys.platform != "linux", reason="the mutexes of others do not begin as zeros"
)


@contextmanager
def stuck(before: str = "", *, returns: bool) -> Iterator[subprocess.Popen[str]]:
    """A process that is in C, and returns once Ctrl-C is known there, or never."""
    process = start(before + STUCK.format(returns=returns))
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "stuck\n"
        yield process
    finally:
        process.kill()


@zeroed_mutex
def test_ctrl_c_is_known_while_llama_computes() -> None:
    with stuck(returns=True) as process:
        process.send_signal(signal.SIGINT)
        said, errors = process.communicate(timeout=20)
    assert (process.returncode, said, errors) == (0, "stopped\n", "")


@zeroed_mutex
def test_another_ctrl_c_ends_what_never_returns() -> None:
    times = [100.0, 101.0, 101.1]  # it has a second to return in
    with stuck(CLOCK.format(times=times), returns=False) as process:
        assert process.stdout is not None
        for _ in times:
            assert process.poll() is None
            process.send_signal(signal.SIGINT)  # twice at once is once
            assert process.stdout.readline() == "pressed\n"
        _, said = process.communicate(timeout=20)
    assert process.returncode == 130
    assert said == "keydiff: error: interrupted\n"


@zeroed_mutex
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_that_ends_the_process_ends_what_never_returns(number: int) -> None:
    """At a terminal, where the signal is handled first, by the thread that never comes to it."""
    with stuck(AT_A_TERMINAL, returns=False) as process:
        process.send_signal(number)
        said, errors = process.communicate(timeout=20)
    assert (said, errors) == ("undone\n", "")
    assert process.returncode in (128 + number, -number)  # if it comes just before it is stuck


@pytest.mark.parametrize(("late", "turns"), [(0.05, 3), (0.001, 50)])
def test_a_ctrl_c_that_is_seen_late_counts_for_nothing_that_comes_after(
    late: float, turns: int
) -> None:
    process = start(LATE.format(late=late, turns=turns))
    said, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "")
    threads, free_descriptor = map(int, said.split())
    assert threads == 2
    assert free_descriptor < 20


@pytest.mark.skipif(sys.platform == "win32", reason="where the function is not shown")
@pytest.mark.parametrize(
    ("pressed", "status", "said"),
    [(False, 4, "llama.cpp gave up: the server is gone"), (True, 130, "interrupted")],
)
def test_giving_up_after_ctrl_c_is_an_interrupt(pressed: bool, status: int, said: str) -> None:
    process = start(GIVING_UP.format(pressed=pressed))
    _, errors = process.communicate(timeout=60)
    assert errors == f"keydiff: error: {said}\n"
    assert process.returncode == status


@pytest.mark.skipif(sys.platform == "win32", reason="where the function is not shown")
def test_giving_up_for_want_of_memory_says_so() -> None:
    failed = "GGML_ASSERT(ctx->mem_buffer != NULL) failed"
    process = start(GIVING_UP.format(pressed=False).replace("the server is gone", failed))
    _, errors = process.communicate(timeout=60)
    said = "llama.cpp finds no memory; free some, or allow more (ulimit -v)"
    assert (process.returncode, errors) == (4, f"keydiff: error: {said}\n")


def test_ctrl_c_before_a_command_has_begun_is_told() -> None:
    code = (
        "import sys, types; from keydiff_cli.__main__ import main\n"
        "def app(): raise KeyboardInterrupt\n"
        "sys.modules['keydiff_cli.cli'] = types.SimpleNamespace(app=app); main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(), capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (130, "keydiff: error: interrupted\n")


def test_ctrl_c_comes_after_what_must_not_be_interrupted() -> None:
    done = []
    with pytest.raises(KeyboardInterrupt), hold_interrupt():
        with hold_interrupt():
            signal.raise_signal(signal.SIGINT)
            done.append("inner")
        done.append("outer")
    assert done == ["inner", "outer"]
    with pytest.raises(KeyboardInterrupt), hold_interrupt():
        signal.raise_signal(signal.SIGINT)
        raise LlamaError("stopped")  # which Ctrl-C caused
    with hold_interrupt():
        pass


def test_what_is_to_be_finished_is_not_told_of_ctrl_c() -> None:
    told = []
    with pytest.raises(KeyboardInterrupt), hold_interrupt(stopping=False):
        with hold_interrupt():
            signal.raise_signal(signal.SIGINT)
            told.append(interrupted())
        told.append(interrupted())
    assert told == [False, False]
    with pytest.raises(LlamaError), hold_interrupt(stopping=False):
        signal.raise_signal(signal.SIGINT)
        raise LlamaError("out of memory")  # which Ctrl-C has not caused


def in_a_thread(run: Callable[[threading.Event], None]) -> list[BaseException]:
    """What a thread has raised that an event stops."""
    raised: list[BaseException] = []

    def work() -> None:
        event = threading.Event()
        try:
            with stopped_by(event):
                run(event)
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    return raised


def test_an_event_stops_another_thread_as_ctrl_c_does_the_main_one() -> None:
    told = []

    def stopped(event: threading.Event) -> None:
        event.set()
        told.append(interrupted())  # nothing computes
        with hold_interrupt():
            with hold_interrupt():
                told.append(interrupted())
            told.append(True)  # an inner block raises nothing

    (error,) = in_a_thread(stopped)
    assert isinstance(error, KeyboardInterrupt)
    assert told == [False, True, True]


def test_an_event_stops_a_thread_once_and_after_what_must_not_be_interrupted() -> None:
    told = []

    def stopped(event: threading.Event) -> None:
        with pytest.raises(KeyboardInterrupt), hold_interrupt(stopping=False):
            event.set()
            told.append(interrupted())
        with hold_interrupt():  # as when something is put back
            told.append(interrupted())
        with pytest.raises(LlamaError), hold_interrupt(stopping=False):
            event.set()
            raise LlamaError("out of memory")  # which the event has not caused
        with pytest.raises(KeyboardInterrupt), hold_interrupt():
            raise LlamaError("stopped")  # which it has

    assert in_a_thread(stopped) == []
    assert told == [False, False]


def test_an_event_stops_a_decode(tiny_model: Model) -> None:
    def stopped(event: threading.Event) -> None:
        context = Context(tiny_model, cells=512, batch=256)
        with hold_interrupt():
            event.set()
            with pytest.raises(LlamaError, match="stopped"):
                context.decode(np.ones(200, np.int32), 0)
            event.clear()
        context.close()

    assert in_a_thread(stopped) == []
