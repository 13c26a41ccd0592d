"""Where a model is computed: on this processor, or partly on other devices and machines."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import Any

from keydiff_cli.errors import ModelError, setting
from keydiff_cli.llama.library import function, library
from keydiff_cli.llama.servers import connect

_PROCESSOR, _GPU, _INTEGRATED = 0, 1, 2  # values of enum ggml_backend_dev_type
_NONE = (
    "this llama.cpp build has {} beside the processor; leave {} out, or set CMAKE_ARGS for one and "
    "run 'keydiff build-llama'"
)


@dataclass(frozen=True)
class Device:
    """A device that llama.cpp computes on.

    Attributes
    ----------
    name, description
        As llama.cpp has them: ``CUDA0``, and the name of the product.
    memory, free
        Bytes of memory in all and unused, as far as the device tells.
    """

    name: str
    description: str
    memory: int
    free: int


@dataclass(frozen=True)
class Placement:
    """Which layers of a model, with their part of the cache, are on other devices.

    Attributes
    ----------
    layers
        How many of the last layers, with the output counted as a layer; None for all layers, if
        there are other devices.
    devices
        Names of these devices; empty for all devices but processors.
    servers
        ``HOST:PORT`` of RPC servers of llama.cpp, whose devices are used, too.
    """

    layers: int | None = 0
    devices: tuple[str, ...] = ()
    servers: tuple[str, ...] = ()


HERE = Placement()


def all_devices() -> list[Device]:
    """Return all devices that llama.cpp computes on; empty if it does not tell."""
    functions = _functions()
    if functions is None:
        return []
    return [_describe(device, functions) for device in _listed(functions)]


def server_devices(server: str) -> list[Device]:
    """Return the devices of an RPC server, given as ``HOST:PORT``.

    Raises
    ------
    ModelError
        If no server of this llama.cpp answers there.
    """
    functions = _functions()
    devices = connect(server)
    return [] if functions is None else [_describe(device, functions) for device in devices]


def chosen(placement: Placement) -> list[int]:
    """Return the devices of a placement, as pointers of llama.cpp; empty for this processor alone.

    Raises
    ------
    ModelError
        If there is no such device, or a server does not answer.
    """
    if placement.layers == 0:
        return []
    functions = _functions()
    local = [] if functions is None else _listed(functions)
    remote = [device for server in placement.servers for device in connect(server)]
    if placement.devices:
        return _named(placement.devices, [*local, *remote], functions)
    devices = remote
    if functions is not None and not remote:
        devices = [device for device in local if functions.kind(device) in (_GPU, _INTEGRATED)]
    if not devices and placement.layers is not None:
        raise ModelError(_NONE.format("no device", setting("gpu_layers")))
    return devices


def _named(names: tuple[str, ...], devices: list[int], functions: _Functions | None) -> list[int]:
    """Return the devices of these names, as pointers; ModelError if a name is none of a device.

    Processors do not count, as their memory is that of this machine.
    """
    by_name: dict[str, int] = {}
    if functions is not None:
        by_name = {
            functions.name(device).decode("utf-8", "replace"): device
            for device in devices
            if functions.kind(device) != _PROCESSOR
        }
    missing = [name for name in names if name not in by_name]
    if missing and by_name:
        raise ModelError(
            f"there is no device {missing[0]} beside the processor; there are: "
            f"{', '.join(sorted(by_name))}"
        )
    if missing:
        raise ModelError(_NONE.format(f"no device {missing[0]}", setting("device")))
    return [by_name[name] for name in names]


@dataclass(frozen=True)
class _Functions:
    """The functions of ggml that list and describe devices."""

    count: Any
    get: Any
    name: Any
    description: Any
    kind: Any
    memory: Any


def _functions() -> _Functions | None:
    """Look the functions up; None if this build hides one of them."""
    library()
    pointer, text, size = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t
    sizes = ctypes.POINTER(size)
    symbols = (
        function("ggml_backend_dev_count", size),
        function("ggml_backend_dev_get", pointer, size),
        function("ggml_backend_dev_name", text, pointer),
        function("ggml_backend_dev_description", text, pointer),
        function("ggml_backend_dev_type", ctypes.c_int, pointer),
        function("ggml_backend_dev_memory", None, pointer, sizes, sizes),
    )
    return _Functions(*symbols) if all(symbols) else None


def _listed(functions: _Functions) -> list[int]:
    """Return the devices of this process, as pointers."""
    return [functions.get(number) for number in range(functions.count())]


def _describe(device: int, functions: _Functions) -> Device:
    """Ask llama.cpp about a device, given as a pointer."""
    free, total = ctypes.c_size_t(), ctypes.c_size_t()
    functions.memory(device, ctypes.byref(free), ctypes.byref(total))
    return Device(
        functions.name(device).decode("utf-8", "replace"),
        functions.description(device).decode("utf-8", "replace"),
        total.value,
        free.value,
    )
