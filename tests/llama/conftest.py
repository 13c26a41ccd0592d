"""An RPC server, where this llama.cpp build has one."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from rpc_server import free_port, listens

SCRIPT = Path(__file__).parents[1] / "support" / "rpc_server.py"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """``HOST:PORT`` of a server that answers a client at a time."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, SCRIPT, str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(200):
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.05)
                pytest.skip("this llama.cpp build has no RPC")
            if listens(port):
                break
        yield f"127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()
