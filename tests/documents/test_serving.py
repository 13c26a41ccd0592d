"""The program of a worker's process: what its module can and cannot do."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from keydiff_cli.documents.worker import Worker, WorkerError

_MODULE = """
import os, signal, sys
MAXIMUM_MEMORY = 1 << 30
def serve(requests, descriptor, *arguments):
    print("greetings of a library")
    yield {"arguments": arguments, "file": os.read(descriptor, 9).decode()}
    for line in requests:
        yield eval(line)
"""


@pytest.fixture
def worker(tmp_path: Path) -> Worker:
    """A worker whose requests are expressions; it has its own module as the open file."""
    module = tmp_path / "module.py"
    module.write_text(_MODULE)
    (tmp_path / "json.py").write_text("raise ImportError")  # a name that others have, too
    with module.open("rb") as file:
        return Worker(module, file.fileno(), 30.0, ["8"])


def test_what_is_yielded_is_answered(worker: Worker) -> None:
    assert worker.first == {"arguments": ["8"], "file": _MODULE[:9]}
    assert worker.ask(b"'x' * 300_000\n") == "x" * 300_000
    assert worker.ask(b"print('noise') or 2\n") == 2
    worker.close()


def test_it_imports_nothing_of_the_package(worker: Worker) -> None:
    request = b"[name for name in sys.modules if 'keydiff' in name] or 'none'\n"
    assert worker.ask(request) == "none"
    worker.close()


def test_an_interrupt_is_for_the_parent(worker: Worker) -> None:
    assert worker.ask(b"os.kill(os.getpid(), signal.SIGINT) or 'alive'\n") == "alive"
    worker.close()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere memory has no such limit")
def test_its_memory_is_limited(worker: Worker) -> None:
    assert worker.ask(b"len(bytes(1 << 20))\n") == 1 << 20
    with pytest.raises(WorkerError, match=r"^it crashed$"):
        worker.ask(b"len(bytes(1 << 30))\n")
