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

_LOG_ERROR = 4  # the level of errors in llama.cpp's log
_MOMENT = 0.1  # seconds
_SOURCE = re.compile(r"^.*?:\d+: ")  # the file and line that the message of an abort begins with

log: deque[tuple[int, str]] = deque(maxlen=400)  # (level, text) of llama.cpp's last messages
_echo_log = False


class LlamaError(ModelError):
    """llama.cpp failed while it was running a model."""


class AbsentError(ModelError, AttributeError):
    """llama-cpp-python is of a version that lacks what is needed; ``what`` is its name."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"this llama-cpp-python has no {what}; install the version that constraints.txt names"
        )


@cache
def library() -> Any:
    """Return the low-level binding module, initialised once, with its log captured.

    Raises
    ------
    ModelError
        If llama-cpp-python cannot be loaded.
    """
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
    """Import the binding and give it callbacks for its log and for aborts."""
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
    """End the process with a line and a status where llama.cpp would abort it."""
    time.sleep(_MOMENT)  # if Ctrl-C ended a server beside this process, it comes here, too
    if interrupted():
        end_at_once("error: interrupted", ExitStatus.INTERRUPTED)
    reason = _SOURCE.sub("", message.decode("utf-8", "replace"), count=1)
    if "mem_buffer != NULL" in reason:
        end_at_once(
            "error: llama.cpp finds no memory; free some, or allow more (ulimit -v)",
            ExitStatus.MODEL,
        )
    end_at_once(f"error: llama.cpp gave up: {' '.join(reason.split())}", ExitStatus.MODEL)


@cache
def function(name: str, result: Any, *arguments: Any) -> Any:
    """Return a C function of llama.cpp, or of the ggml libraries that it is linked with.

    Functions are looked up through llama.cpp: the same libraries by another file name would be
    loaded a second time, with a log of their own.

    Parameters
    ----------
    name
        The name of the function.
    result
        The ctypes type of its result; None for a function that returns nothing.
    arguments
        The ctypes types of its arguments.

    Returns
    -------
    ctypes function or None
        None if the libraries do not export it.
    """
    symbol = getattr(library()._lib, name, None)
    if symbol is None and sys.platform == "win32":  # where linked libraries are not searched
        for part in ("base", "cpu"):
            path = Path(library().__file__).parent / "lib" / f"ggml-{part}.dll"
            with suppress(OSError):
                symbol = symbol or getattr(ctypes.CDLL(str(path)), name, None)
    if symbol is not None:
        symbol.restype, symbol.argtypes = result, arguments
    return symbol


def echo_log(on: bool) -> None:
    """Pass llama.cpp's own log on to stderr, if that is wanted."""
    global _echo_log
    _echo_log = on


@cache
def stop_requested() -> Any:
    """Return the callback that llama.cpp asks, between the steps of a decode, whether to stop."""
    return library().ggml_abort_callback(lambda _: interrupted())


def set_fields(params: Any, **values: Any) -> None:
    """Set fields of a ctypes structure, which itself would take unknown names without a word.

    Raises
    ------
    AbsentError
        If the structure of this llama-cpp-python lacks a field.
    """
    known = {name for name, *_ in params._fields_}
    if missing := sorted(values.keys() - known):
        raise AbsentError(", ".join(missing))
    for name, value in values.items():
        setattr(params, name, value)


def last_error(default: str) -> str:
    """Return the first error that llama.cpp logged since the log was cleared, in one line."""
    for level, message in log:
        if level == _LOG_ERROR and message.strip():
            return " ".join(message.split(": ", 1)[-1].split())
    return default


def buffer_bytes(what: str) -> int:
    """Add up the sizes that llama.cpp logged for a kind of buffer in the host's memory.

    Parameters
    ----------
    what
        How the log names the kind: ``compute buffer size``.

    Returns
    -------
    int
        Bytes; 0 if nothing was logged.
    """
    pattern = re.compile(r"(\S+)\s+" + re.escape(what) + r".*?=\s*([0-9.]+) MiB")
    matches = (pattern.search(message) for _, message in log)
    sizes = [float(match[2]) for match in matches if match and re.search("CPU|Host", match[1])]
    return int(sum(sizes) * 2**20)
