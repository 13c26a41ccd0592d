"""The library itself: loaded once, its log kept, its errors turned into ours."""

from __future__ import annotations

import ctypes
import os
import re
import signal
import sys
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from keydiff_cli.errors import ModelError
from keydiff_cli.terminal import Sanitizer

_LOG_ERROR = 4

log: deque[tuple[int, str]] = deque(maxlen=400)  # (level, text) of llama.cpp's last messages
_echo_log = False


class LlamaError(ModelError):
    """llama.cpp failed while it was running a model."""


@cache
def library() -> Any:
    """The low-level binding module, initialised once, its log captured."""
    os.environ.setdefault("GGML_NO_BACKTRACE", "1")
    try:
        import llama_cpp.llama_cpp as binding
    except (ImportError, OSError, RuntimeError) as error:
        raise ModelError(
            f"llama-cpp-python cannot be loaded ({error}); reinstall it with "
            "'pip install --force-reinstall llama-cpp-python'"
        ) from error

    @binding.llama_log_callback  # type: ignore[untyped-decorator]
    def capture(level: int, text: bytes, _: Any) -> None:
        message = text.decode("utf-8", "replace")
        log.append((level, message))
        if _echo_log:
            print(Sanitizer()(message), end="", file=sys.stderr)

    binding.llama_log_set(capture, None)
    binding._keydiff_log_callback = capture  # must outlive this call
    binding.llama_backend_init()
    return binding


@cache
def ggml(part: str) -> ctypes.CDLL | None:
    """``libggml-<part>`` beside llama.cpp; None if it is not found."""
    folder = Path(library().__file__).parent / "lib"
    for name in (f"libggml-{part}.so", f"libggml-{part}.dylib", f"ggml-{part}.dll"):
        try:
            return ctypes.CDLL(str(folder / name))
        except OSError:
            continue
    return None


def echo_log(on: bool) -> None:
    """Pass llama.cpp's own log on to stderr, as ``--verbose`` asks."""
    global _echo_log
    _echo_log = on


@contextmanager
def hold_interrupt() -> Iterator[None]:
    """Hold Ctrl-C back until llama.cpp returns.

    It would be raised inside the log callback, which has nobody to pass it on to, and get lost.
    """
    previous = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(previous):
        yield
        return
    seen = False

    def note(*_: Any) -> None:
        nonlocal seen
        seen = True

    signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)
    if seen:
        raise KeyboardInterrupt


def set_fields(params: Any, **values: Any) -> None:
    """Set fields of a ctypes structure, which would take unknown ones without a word."""
    known = {name for name, *_ in params._fields_}
    if missing := sorted(values.keys() - known):
        raise ModelError(
            f"this llama-cpp-python has no {', '.join(missing)}; "
            "install the version that constraints.txt names"
        )
    for name, value in values.items():
        setattr(params, name, value)


def last_error(default: str) -> str:
    """The first error line llama.cpp logged since the log was cleared, on one line."""
    for level, message in log:
        if level == _LOG_ERROR and message.strip():
            return " ".join(message.split(": ", 1)[-1].split())
    return default


def buffer_bytes(what: str) -> int:
    """Sum of the sizes that llama.cpp logged for a kind of buffer, in bytes."""
    pattern = re.compile(re.escape(what) + r".*?=\s*([0-9.]+) MiB")
    sizes = (pattern.search(message) for _, message in log)
    return int(sum(float(size.group(1)) for size in sizes if size) * 2**20)
