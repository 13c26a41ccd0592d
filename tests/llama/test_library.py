"""The binding of llama.cpp: its log, its functions, and what this version of it lacks."""

from __future__ import annotations

import ctypes
import signal
from collections.abc import Iterator

import pytest

from keydiff_cli.errors import ModelError
from keydiff_cli.llama import echo_log, hold_interrupt
from keydiff_cli.llama.library import (
    AbsentError,
    buffer_bytes,
    function,
    last_error,
    library,
    log,
    set_fields,
    stop_requested,
)

INFO, ERROR = 2, 4  # levels of llama.cpp's log


@pytest.fixture
def messages() -> Iterator[list[tuple[int, str]]]:
    """The log of llama.cpp, empty; what it has said before comes back."""
    before = list(log)
    log.clear()
    yield log  # type: ignore[misc]
    log.clear()
    log.extend(before)


def say(level: int, text: bytes) -> None:
    """Say something as llama.cpp does."""
    capture, _ = library()._keydiff_callbacks
    capture(level, text, None)


def test_the_first_error_since_the_log_was_cleared_is_the_reason(
    messages: list[tuple[int, str]],
) -> None:
    assert last_error("unknown reason") == "unknown reason"
    say(INFO, b"load: all is well\n")
    say(ERROR, b" \n")
    assert last_error("unknown reason") == "unknown reason"
    say(ERROR, b"llama_load: the file is\n  too short: 7 bytes\n")
    say(ERROR, b"llama_load: failed\n")
    assert last_error("unknown reason") == "the file is too short: 7 bytes"


def test_buffers_are_those_in_the_memory_of_the_host(messages: list[tuple[int, str]]) -> None:
    for text in (
        b"sched_reserve:        CPU compute buffer size =   104.50 MiB\n",
        b"sched_reserve:  CUDA_Host compute buffer size =     8.01 MiB\n",
        b"sched_reserve:      CUDA0 compute buffer size =   300.00 MiB\n",
        b"sched_reserve:        CPU output buffer size =     0.25 MiB\n",
    ):
        say(INFO, text)
    assert buffer_bytes("compute buffer size") == int(112.51 * 2**20)
    assert buffer_bytes("output buffer size") == 2**18
    assert buffer_bytes("KV buffer size") == 0


def test_the_log_is_shown_only_if_that_is_wanted(
    messages: list[tuple[int, str]], capfd: pytest.CaptureFixture[str]
) -> None:
    """Without what could take over the terminal."""
    say(INFO, b"silent\n")
    echo_log(True)
    try:
        say(INFO, b"shown \x1b[31m\xff\n")
    finally:
        echo_log(False)
    say(INFO, b"silent again\n")
    out, err = capfd.readouterr()
    assert out == ""
    assert err.startswith("shown ") and "\x1b" not in err and "silent" not in err
    assert [text for _, text in messages] == [
        "silent\n",
        "shown \x1b[31m\ufffd\n",
        "silent again\n",
    ]


def test_a_function_is_found_with_its_types() -> None:
    devices = function("llama_max_devices", ctypes.c_size_t)
    assert devices() >= 1
    assert devices.restype is ctypes.c_size_t
    assert function("llama_no_such_function", None) is None


def test_what_this_version_lacks_is_named() -> None:
    """By attribute and by field; a structure of ctypes would take any name."""
    with pytest.raises(ModelError, match=r"has no llama_no_such_function; install the version"):
        library().llama_no_such_function()
    assert not hasattr(library(), "llama_no_such_function")
    params = library().llama_model_default_params()
    set_fields(params, n_gpu_layers=7)
    assert params.n_gpu_layers == 7
    with pytest.raises(AbsentError, match="has no apples, pears; "):
        set_fields(params, n_gpu_layers=8, pears=1, apples=1)
    assert params.n_gpu_layers == 7


def test_llama_is_told_to_stop_once_ctrl_c_has_come() -> None:
    assert not stop_requested()(None)
    with pytest.raises(KeyboardInterrupt), hold_interrupt():
        assert not stop_requested()(None)
        signal.raise_signal(signal.SIGINT)
        assert stop_requested()(None)
    assert not stop_requested()(None)
