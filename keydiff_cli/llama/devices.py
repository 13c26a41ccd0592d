"""Where a model is computed: here, or some of its layers on other devices and machines."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import Any

from keydiff_cli.errors import ModelError
from keydiff_cli.llama.library import function, library
from keydiff_cli.llama.servers import connect

_PROCESSOR, _GPU, _INTEGRATED = 0, 1, 2  # of enum ggml_backend_dev_type
_NONE = (
    "this llama.cpp build has {} beside the processor; leave {} out, or set CMAKE_ARGS for one and "
    "run 'keydiff build-llama'"
)


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


def server_devices(server: str) -> list[Device]:
    """The devices of an RPC server.

    Raises
    ------
    ModelError
        If it is not there.
    """
    functions = _functions()
    found = connect(server)
    return [] if functions is None else [_describe(device, functions) for device in found]


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
    found = [device for server in placement.servers for device in connect(server)]
    if placement.devices:
        names = {
            functions.name(one).decode("utf-8", "replace"): one
            for one in [*listed, *found]
            if functions is not None
            and functions.kind(one) != _PROCESSOR  # whose memory is this machine's
        }
        missing = [name for name in placement.devices if name not in names]
        if missing and names:
            raise ModelError(
                f"there is no device {missing[0]} beside the processor; there are: "
                f"{', '.join(sorted(names))}"
            )
        if missing:
            raise ModelError(_NONE.format(f"no device {missing[0]}", "--device"))
        return [names[name] for name in placement.devices]
    if functions is not None and not found:
        found = [one for one in listed if functions.kind(one) in (_GPU, _INTEGRATED)]
    if not found and placement.layers is not None:
        raise ModelError(_NONE.format("no device", "--gpu-layers"))
    return found


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
