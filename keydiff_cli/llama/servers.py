"""RPC servers of llama.cpp on other machines: tried in a process of its own, then connected to."""

from __future__ import annotations

import ctypes
import socket
import subprocess
import sys
from functools import cache
from typing import Any

from keydiff_cli.errors import ModelError
from keydiff_cli.llama.interrupts import hold_interrupt
from keydiff_cli.llama.library import function

_CONNECT_SECONDS = 5.0
_ANSWER_SECONDS = 15.0  # with the start of a process
_named: dict[Any, str] = {}  # servers by address


@cache
def connect(server: str) -> list[int]:
    """Register the devices of a server, once; return llama.cpp's pointers.

    Raises
    ------
    ModelError
        If it is not there, not a server of this llama.cpp, or one that has another name, too:
        llama.cpp would wait for ever, as a server takes one client at a time.
    """
    if _adder() is None:
        raise ModelError("this llama.cpp build cannot use RPC servers; run 'keydiff build-llama'")
    if (other := _named.setdefault(_try(server), server)) != server:
        raise ModelError(f"{other} and {server} are the same RPC server; name it once")
    with hold_interrupt():
        added = add(server)
    if not added:
        raise ModelError(f"the RPC server {server} has no devices")
    pointer, size = ctypes.c_void_p, ctypes.c_size_t
    count = function("ggml_backend_reg_dev_count", size, pointer)
    get = function("ggml_backend_reg_dev_get", pointer, pointer, size)
    return [get(added, number) for number in range(count(added))]


def add(server: str) -> int | None:
    """Let llama.cpp ask a server for its devices; return the registry of them."""
    found: int | None = _adder()(server.encode())
    return found


def _adder() -> Any:
    """The function of llama.cpp that adds a server; None without."""
    pointer, text = ctypes.c_void_p, ctypes.c_char_p
    by_name = function("ggml_backend_reg_by_name", pointer, text)
    find = function("ggml_backend_reg_get_proc_address", pointer, pointer, text)
    registry = by_name(b"RPC") if by_name else None
    address = find(registry, b"ggml_backend_rpc_add_server") if registry else None
    return ctypes.CFUNCTYPE(pointer, text)(address) if address else None


def _try(server: str) -> Any:
    """See that a server answers as one of llama.cpp; return its address.

    llama.cpp ends the process where one answers otherwise, and waits for ever where it does not.
    """
    host, _, port = server.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), _CONNECT_SECONDS) as tried:
            address = tried.getpeername()
    except OSError as error:
        raise ModelError(
            f"the RPC server {server} cannot be reached: {error.strerror or error}; start "
            "llama.cpp's RPC server there"
        ) from None
    code = f"import sys; sys.path[:] = {sys.path!r}; from {__name__} import add; add({server!r})"
    try:
        done = subprocess.run(
            [sys.executable, "-c", code],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_ANSWER_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ModelError(
            f"{server} does not answer; is it llama.cpp's RPC server, and idle?"
        ) from None
    if done.returncode:
        raise ModelError(
            f"{server} is no RPC server of this llama.cpp; start there the one of the same version"
        )
    return address
