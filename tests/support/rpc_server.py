"""An RPC server of llama.cpp on loopback, for one client at a time: ``rpc_server.py PORT``."""

from __future__ import annotations

import ctypes
import socket
import sys

from keydiff_cli.llama.library import function, library


def free_port() -> int:
    """A port of loopback on which no server listens."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def listens(port: int) -> bool:
    """Whether a server listens on a port of loopback."""
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def main(port: str) -> None:
    library()
    pointer, text, size = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t
    registry = function("ggml_backend_reg_by_name", pointer, text)(b"RPC")
    find = function("ggml_backend_reg_get_proc_address", pointer, pointer, text)
    start = find(registry, b"ggml_backend_rpc_start_server") if registry else None
    if not start:
        sys.exit("this llama.cpp build has no RPC")
    processor = function("ggml_backend_dev_get", pointer, size)(0)
    serve = ctypes.CFUNCTYPE(None, text, text, size, size, ctypes.POINTER(pointer))(start)
    serve(f"127.0.0.1:{port}".encode(), None, 2, 1, (pointer * 1)(processor))


if __name__ == "__main__":
    main(sys.argv[1])
