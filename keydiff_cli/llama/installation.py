"""What the installed llama.cpp can do, found out without a model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from keydiff_cli.llama.devices import Device, all_devices
from keydiff_cli.llama.kv_api import API_VERSION, api_version
from keydiff_cli.llama.library import library
from keydiff_cli.llama.observer import can_observe
from keydiff_cli.llama.tensors import can_find_tensors


@dataclass(frozen=True)
class Installation:
    """The library that is loaded.

    Attributes
    ----------
    path
        The folder of the library.
    access
        How the rows of its cache are reached: ``native``, ``direct`` or ``copy``.
    api
        Version of the native interface of a patched llama.cpp; None without that.
    observes
        Whether it shows queries, which ``focus`` and other policies need.
    features
        Features of the processor that it was built for, such as ``AVX2``.
    devices
        Devices that it can compute on.
    """

    path: Path
    access: str
    api: int | None
    observes: bool
    features: list[str]
    devices: list[Device]


def find_installation() -> Installation:
    """Load the library and find out what it can do.

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
        devices=all_devices(),
    )
