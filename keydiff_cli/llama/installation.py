"""What the installed llama.cpp can do, without a model."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from pathlib import Path

from keydiff_cli.llama.library import function, library
from keydiff_cli.llama.native import API_VERSION, api_version
from keydiff_cli.llama.observer import can_observe
from keydiff_cli.llama.tensors import can_find_tensors


@dataclass(frozen=True)
class Device:
    """Something that llama.cpp computes on; its memory in bytes, as far as it says."""

    name: str
    description: str
    memory: int
    free: int


@dataclass(frozen=True)
class Installation:
    """The library that is loaded.

    Attributes
    ----------
    path
        Its folder.
    access
        How keydiff reaches the rows of its cache: ``native``, ``direct`` or ``copy``.
    api
        Version of the native interface, None without.
    observes
        Whether it shows queries, which ``focus`` and others need.
    features
        Of the processor, that it was built for.
    devices
        What it can compute on.
    """

    path: Path
    access: str
    api: int | None
    observes: bool
    features: list[str]
    devices: list[Device]


def find_installation() -> Installation:
    """Look at the library.

    Raises
    ------
    ModelError
        If it cannot be loaded.
    """
    lib = library()
    api = api_version()
    access = "direct" if can_find_tensors() else "copy"
    info = lib.llama_print_system_info().decode("utf-8", "replace")
    features = [part.split("=")[0].strip() for part in info.replace(":", "|").split("|")]
    return Installation(
        path=Path(lib._lib._name).parent,
        access="native" if api == API_VERSION else access,
        api=api,
        observes=can_observe(),
        features=[name for name in features if name],
        devices=_devices(),
    )


def _devices() -> list[Device]:
    pointer, text, size = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t
    count = function("ggml_backend_dev_count", size)
    get = function("ggml_backend_dev_get", pointer, size)
    name = function("ggml_backend_dev_name", text, pointer)
    description = function("ggml_backend_dev_description", text, pointer)
    sizes = ctypes.POINTER(size)
    memory = function("ggml_backend_dev_memory", None, pointer, sizes, sizes)
    if not (count and get and name and description and memory):
        return []
    found = []
    for number in range(count()):
        device, free, total = get(number), size(), size()
        memory(device, ctypes.byref(free), ctypes.byref(total))
        found.append(
            Device(
                name(device).decode("utf-8", "replace"),
                description(device).decode("utf-8", "replace"),
                total.value,
                free.value,
            )
        )
    return found
