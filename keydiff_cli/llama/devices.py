"""Where a model is computed: here, or some of its layers on other devices and machines."""

from __future__ import annotations

import ctypes
import socket
import threading
from dataclasses import dataclass
from functools import cache
from typing import Any

from keydiff_cli.errors import ModelError
from keydiff_cli.llama.library import function, library

_PROCESSOR, _GPU, _INTEGRATED = 0, 1, 2  # of enum ggml_backend_dev_type
_CONNECT_SECONDS = 5.0
_ANSWER_SECONDS = 10.0


@dataclass(frozen=True)
class Device:
    """Something that llama.cpp computes on; its memory in bytes, as far as it says."""

    name: str
    description: str
    memory: int
    free: int


@dataclass(frozen=True)
class Placement:
    """Which layers of a model, with their part of the cache, are elsewhere.

    Attributes
    ----------
    layers
        How many of the last ones, the output counted as one more; None for all that there are.
    devices
        Names of the devices they are on; empty for all but processors.
    servers
        ``HOST:PORT`` of RPC servers of llama.cpp, whose devices are taken too.
    """

    layers: int | None = 0
    devices: tuple[str, ...] = ()
    servers: tuple[str, ...] = ()


HERE = Placement()


def all_devices() -> list[Device]:
    """Everything that llama.cpp computes on; empty if it does not say."""
    functions = _functions()
    if functions is None:
        return []
    return [_describe(device, functions) for device in _listed(functions)]


def chosen(placement: Placement) -> list[int]:
    """The devices of a placement, as llama.cpp's pointers; empty if all layers stay here.

    Raises
    ------
    ModelError
        If a device or a server is not there.
    """
    if placement.layers == 0:
        return []
    functions = _functions()
    listed = [] if functions is None else _listed(functions)
    found = [device for server in placement.servers for device in _connect(server)]
    if functions is not None and placement.devices:
        names = {
            functions.name(one).decode("utf-8", "replace"): one
            for one in [*listed, *found]
            if functions.kind(one) != _PROCESSOR  # whose memory is this machine's
        }
        missing = [name for name in placement.devices if name not in names]
        if missing:
            raise ModelError(
                f"there is no device {missing[0]} beside the processor; there are: "
                f"{', '.join(sorted(names)) or 'none'}"
            )
        return [names[name] for name in placement.devices]
    if functions is not None and not found:
        found = [one for one in listed if functions.kind(one) in (_GPU, _INTEGRATED)]
    if not found and placement.layers is not None:
        raise ModelError(
            "this llama.cpp build has no device to put layers on; 'keydiff doctor' shows what it "
            "has"
        )
    return found


@cache
def _connect(server: str) -> list[int]:
    """Register the devices of an RPC server, once."""
    host, _, port = server.rpartition(":")
    pointer, text = ctypes.c_void_p, ctypes.c_char_p
    by_name = function("ggml_backend_reg_by_name", pointer, text)
    find = function("ggml_backend_reg_get_proc_address", pointer, pointer, text)
    count = function("ggml_backend_reg_dev_count", ctypes.c_size_t, pointer)
    get = function("ggml_backend_reg_dev_get", pointer, pointer, ctypes.c_size_t)
    registry = by_name(b"RPC") if by_name else None
    address = find(registry, b"ggml_backend_rpc_add_server") if registry else None
    if not address:
        raise ModelError("this llama.cpp build cannot use RPC servers; run 'keydiff build-llama'")
    try:  # llama.cpp would end the process
        socket.create_connection((host, int(port)), _CONNECT_SECONDS).close()
    except OSError as error:
        raise ModelError(
            f"the RPC server {server} cannot be reached: {error.strerror or error}; start "
            "llama.cpp's rpc-server there"
        ) from None
    add = ctypes.CFUNCTYPE(pointer, text)(address)
    answers: list[int | None] = []
    # llama.cpp would wait for ever for what takes the connection and says nothing.
    waiting = threading.Thread(target=lambda: answers.append(add(server.encode())), daemon=True)
    waiting.start()
    waiting.join(_ANSWER_SECONDS)
    if not answers:
        raise ModelError(f"{server} does not answer; is it llama.cpp's rpc-server, and idle?")
    added = answers[0]
    if not added:
        raise ModelError(f"the RPC server {server} has no devices")
    return [get(added, number) for number in range(count(added))]


@dataclass(frozen=True)
class _Functions:
    count: Any
    get: Any
    name: Any
    description: Any
    kind: Any
    memory: Any


def _functions() -> _Functions | None:
    library()
    pointer, text, size = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t
    sizes = ctypes.POINTER(size)
    found = (
        function("ggml_backend_dev_count", size),
        function("ggml_backend_dev_get", pointer, size),
        function("ggml_backend_dev_name", text, pointer),
        function("ggml_backend_dev_description", text, pointer),
        function("ggml_backend_dev_type", ctypes.c_int, pointer),
        function("ggml_backend_dev_memory", None, pointer, sizes, sizes),
    )
    return _Functions(*found) if all(found) else None


def _listed(functions: _Functions) -> list[int]:
    return [functions.get(number) for number in range(functions.count())]


def _describe(device: int, functions: _Functions) -> Device:
    free, total = ctypes.c_size_t(), ctypes.c_size_t()
    functions.memory(device, ctypes.byref(free), ctypes.byref(total))
    return Device(
        functions.name(device).decode("utf-8", "replace"),
        functions.description(device).decode("utf-8", "replace"),
        total.value,
        free.value,
    )
