"""Ctrl-C while llama.cpp does not return, or gives up because of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest
from cli_helpers import environment

HOLDING = """
import ctypes, signal
from keydiff_cli.llama import hold_interrupt
from keydiff_cli.llama.library import function, library
library()
"""
# As llama.cpp waits for a server: in C, where no signal wakes it.
STUCK = """
lock, mutex = ctypes.CDLL(None).pthread_mutex_lock, ctypes.create_string_buffer(64)
lock(mutex)
with hold_interrupt():
    print("stuck", flush=True)
    lock(mutex)
"""
LATE = """
import time
from keydiff_cli.llama import interrupts
class Late(interrupts._Watch):
    def _read(self, numbers):
        time.sleep(0.3)
        super()._read(numbers)
interrupts._Watch = Late
try:
    with hold_interrupt():
        signal.raise_signal(signal.SIGINT)
except KeyboardInterrupt:
    print("raised", interrupts.interrupted())
with hold_interrupt():
    time.sleep(0.6)
    print("again", interrupts.interrupted())
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


@pytest.mark.skipif(sys.platform != "linux", reason="its mutexes begin as zeros")
def test_another_ctrl_c_ends_what_never_returns() -> None:
    process = start(STUCK)
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "stuck\n"
        process.send_signal(signal.SIGINT)
        time.sleep(1.5)  # more than it has to return in
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=20)
    finally:
        process.kill()
    assert process.returncode == 130
    assert said == "keydiff: error: interrupted\n"


def test_a_ctrl_c_that_is_seen_late_does_not_count_for_what_comes_after() -> None:
    said, _ = start(LATE).communicate(timeout=60)
    assert said == "raised False\nagain False\n"


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
