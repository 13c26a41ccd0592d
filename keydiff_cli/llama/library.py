"""The library itself: loaded once, its log kept, its errors turned into ours."""

from __future__ import annotations

import ctypes
import os
import re
import sys
import time
from collections import deque
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from keydiff_cli.errors import ExitStatus, ModelError
from keydiff_cli.llama.interrupts import interrupted
from keydiff_cli.system.terminal import Sanitizer, end_at_once

_LOG_ERROR = 4
_MOMENT = 0.1  # seconds
_SOURCE = re.compile(r"^.*?:\d+: ")  # file and line that a message of an abort begins with

log: deque[tuple[int, str]] = deque(maxlen=400)  # (level, text) of llama.cpp's last messages
_echo_log = False


class LlamaError(ModelError):
    """llama.cpp failed while it was running a model."""


class AbsentError(ModelError, AttributeError):
    """llama-cpp-python is of a version that lacks something."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"this llama-cpp-python has no {what}; install the version that constraints.txt names"
        )


@cache
def library() -> Any:
    """The low-level binding module, initialised once, its log captured."""
    os.environ.setdefault("GGML_NO_BACKTRACE", "1")
    try:
        return _load()
    except AbsentError:
        raise
    except (Exception, SystemExit) as error:  # a damaged package may raise anything
        advice = "reinstall it with 'pip install --force-reinstall llama-cpp-python'"
        if "LLAMA_CPP_LIB_PATH" in os.environ:
            advice = "unset LLAMA_CPP_LIB_PATH, or name a folder with libraries of its version"
        reason = str(error) or type(error).__name__
        raise ModelError(f"llama-cpp-python cannot be loaded ({reason}); {advice}") from error


def _load() -> Any:
    import llama_cpp.llama_cpp as binding

    def absent(name: str) -> Any:
        raise AbsentError(name)

    binding.__getattr__ = absent

    @binding.llama_log_callback  # type: ignore[untyped-decorator]
    def capture(level: int, text: bytes, _: Any) -> None:
        message = text.decode("utf-8", "replace")
        log.append((level, message))
        if _echo_log:
            print(Sanitizer()(message), end="", file=sys.stderr)

    binding.llama_log_set(capture, None)
    give_up = ctypes.CFUNCTYPE(None, ctypes.c_char_p)(_give_up)
    if set_abort := getattr(binding._lib, "ggml_set_abort_callback", None):
        set_abort(give_up)
    binding._keydiff_callbacks = capture, give_up  # must outlive this call
    binding.llama_backend_init()
    return binding


def _give_up(message: bytes) -> None:
    """llama.cpp is about to abort: end with a line and a status instead."""
    time.sleep(_MOMENT)  # the Ctrl-C that ended a server beside this process is on its way, too
    if interrupted():
        end_at_once("error: interrupted", ExitStatus.INTERRUPTED)
    reason = _SOURCE.sub("", message.decode("utf-8", "replace"), count=1)
    end_at_once(f"error: llama.cpp gave up: {' '.join(reason.split())}", ExitStatus.MODEL)


@cache
def function(name: str, result: Any, *arguments: Any) -> Any:
    """A C function of llama.cpp, or of the ggml libraries it is linked with; None if hidden.

    ``result`` and ``arguments`` are its ctypes; None for a function that returns nothing.

    They are looked up through llama.cpp: the same libraries by another file name would be loaded
    a second time, with a log of their own.
    """
    found = getattr(library()._lib, name, None)
    if found is None and sys.platform == "win32":  # where linked libraries are not searched
        for part in ("base", "cpu"):
            path = Path(library().__file__).parent / "lib" / f"ggml-{part}.dll"
            with suppress(OSError):
                found = found or getattr(ctypes.CDLL(str(path)), name, None)
    if found is not None:
        found.restype, found.argtypes = result, arguments
    return found


def echo_log(on: bool) -> None:
    """Pass llama.cpp's own log on to stderr, as ``--verbose`` asks."""
    global _echo_log
    _echo_log = on


@cache
def stop_requested() -> Any:
    """The callback that llama.cpp asks, between the steps of a decode, whether to stop."""
    return library().ggml_abort_callback(lambda _: interrupted())


def set_fields(params: Any, **values: Any) -> None:
    """Set fields of a ctypes structure, which would take unknown ones without a word."""
    known = {name for name, *_ in params._fields_}
    if missing := sorted(values.keys() - known):
        raise AbsentError(", ".join(missing))
    for name, value in values.items():
        setattr(params, name, value)


def last_error(default: str) -> str:
    """The first error line llama.cpp logged since the log was cleared, on one line."""
    for level, message in log:
        if level == _LOG_ERROR and message.strip():
            return " ".join(message.split(": ", 1)[-1].split())
    return default


def buffer_bytes(what: str) -> int:
    """Sum of the sizes that llama.cpp logged for a kind of buffer in the host's memory: bytes."""
    pattern = re.compile(r"(\S+)\s+" + re.escape(what) + r".*?=\s*([0-9.]+) MiB")
    found = (pattern.search(message) for _, message in log)
    sizes = [one.group(2) for one in found if one and re.search("CPU|Host", one.group(1))]
    return int(sum(map(float, sizes)) * 2**20)
