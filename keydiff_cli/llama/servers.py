"""RPC servers of llama.cpp on other machines.

A server is tried in a process of its own first, since llama.cpp ends its process, or waits for
ever, where a server does not answer as it should.
"""

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
from keydiff_cli.system.files import told_by

_CONNECT_SECONDS = 5.0
_ANSWER_SECONDS = 15.0  # in which a process starts and a server answers it
_servers: dict[Any, str] = {}  # by network address, the HOST:PORT by which a server was named first


@cache
def connect(server: str) -> list[int]:
    """Register the devices of a server, once.

    Parameters
    ----------
    server
        ``HOST:PORT``.

    Returns
    -------
    list of int
        The devices, as pointers of llama.cpp.

    Raises
    ------
    ModelError
        If no server can be reached there, if it is none of this llama.cpp, or if it was named
        before by another name: a server takes one client at a time, so that llama.cpp would wait
        for ever.
    """
    if _adder() is None:
        raise ModelError("this llama.cpp build cannot use RPC servers; run 'keydiff build-llama'")
    if (first := _servers.setdefault(_try(server), server)) != server:
        raise ModelError(f"{first} and {server} are the same RPC server; name it once")
    with hold_interrupt():
        registry = add(server)
    if not registry:
        raise ModelError(f"the RPC server {server} has no devices")
    pointer, size = ctypes.c_void_p, ctypes.c_size_t
    count = function("ggml_backend_reg_dev_count", size, pointer)
    get = function("ggml_backend_reg_dev_get", pointer, pointer, size)
    return [get(registry, index) for index in range(count(registry))]


def add(server: str) -> int | None:
    """Let llama.cpp ask a server for its devices; return the pointer to their registry, or None."""
    registry: int | None = _adder()(server.encode())
    return registry


def _adder() -> Any:
    """Return the function of llama.cpp that adds a server; None if this build has none."""
    pointer, text = ctypes.c_void_p, ctypes.c_char_p
    by_name = function("ggml_backend_reg_by_name", pointer, text)
    find = function("ggml_backend_reg_get_proc_address", pointer, pointer, text)
    registry = by_name(b"RPC") if by_name else None
    address = find(registry, b"ggml_backend_rpc_add_server") if registry else None
    return ctypes.CFUNCTYPE(pointer, text)(address) if address else None


def _try(server: str) -> Any:
    """Check that a server answers as an RPC server of this llama.cpp.

    Returns
    -------
    tuple
        Its network address.

    Raises
    ------
    ModelError
        If it does not.
    """
    host, _, port = server.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), _CONNECT_SECONDS) as connection:
            address = connection.getpeername()
    except OSError as error:
        raise ModelError(
            f"the RPC server {server} cannot be reached: {told_by(error)}; start "
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
