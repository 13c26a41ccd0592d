"""llama.cpp: the only package that touches ctypes.

Models, contexts, tokens and the cache tensors, as small Python objects with NumPy arrays; every
failure is a :class:`~keydiff_cli.errors.KeydiffError`.
"""

from __future__ import annotations

from keydiff_cli.llama.context import Context
from keydiff_cli.llama.devices import HERE, Device, Placement
from keydiff_cli.llama.grammar import Grammar, require_grammar
from keydiff_cli.llama.installation import Installation, find_installation
from keydiff_cli.llama.interrupts import hold_interrupt, stopped_by
from keydiff_cli.llama.kv_api import API_VERSION, api_version
from keydiff_cli.llama.kv_types import KV_BYTES, KV_TYPES, Q8_0_BLOCK, Q8_0_VALUES
from keydiff_cli.llama.library import LlamaError, echo_log
from keydiff_cli.llama.model import Model, Tokens
from keydiff_cli.llama.native import NativeCache
from keydiff_cli.llama.observer import can_observe
from keydiff_cli.llama.probing import without_weights
from keydiff_cli.llama.returning import return_memory
from keydiff_cli.llama.rope_graph import Rotations
from keydiff_cli.llama.tensors import (
    CacheTensor,
    CacheTensors,
    half_to_float,
    memory_view,
    read_tensor,
)

__all__ = [
    "API_VERSION",
    "HERE",
    "KV_BYTES",
    "KV_TYPES",
    "Q8_0_BLOCK",
    "Q8_0_VALUES",
    "CacheTensor",
    "CacheTensors",
    "Context",
    "Device",
    "Grammar",
    "Installation",
    "LlamaError",
    "Model",
    "NativeCache",
    "Placement",
    "Rotations",
    "Tokens",
    "api_version",
    "can_observe",
    "echo_log",
    "find_installation",
    "half_to_float",
    "hold_interrupt",
    "memory_view",
    "read_tensor",
    "require_grammar",
    "return_memory",
    "stopped_by",
    "without_weights",
]
