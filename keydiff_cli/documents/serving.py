"""What a worker's process runs: a program that reads requests and writes answers.

:class:`~keydiff_cli.documents.worker.Worker` starts this file, not the module: nothing of the
package is imported, so that it starts quickly. It is given the file of the worker's own module,
the number of an open file, and further arguments. That module has

- ``MAXIMUM_MEMORY``, bytes of address space, and
- ``serve(requests, descriptor, *arguments)``, which yields a first answer and one for each request.

A request is a line, and an answer JSON behind its length, 4 bytes.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from importlib.util import module_from_spec, spec_from_file_location
from typing import Any


def main() -> None:
    """Serve until the requests end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends this process
    out = os.dup(1)  # for answers alone: what libraries print goes nowhere
    os.dup2(2, 1)
    path, descriptor, *arguments = sys.argv[1:]
    worker = _load(path)
    _limit_memory(worker.MAXIMUM_MEMORY)
    for answer in worker.serve(sys.stdin.buffer, int(descriptor), *arguments):
        data = json.dumps(answer).encode()
        _write(out, len(data).to_bytes(4, "big"))
        _write(out, data)


def _load(path: str) -> Any:
    """Import a module from its file alone: its folder has names that others have, too."""
    spec = spec_from_file_location("worker", path)
    if spec is None or spec.loader is None:
        raise ImportError(path)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _limit_memory(most: int) -> None:
    try:
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        if hard == resource.RLIM_INFINITY or hard > most:
            resource.setrlimit(resource.RLIMIT_AS, (most, hard))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (ImportError, OSError, ValueError):  # a system without such limits
        pass


def _write(out: int, data: bytes) -> None:
    while data:
        data = data[os.write(out, data) :]


if __name__ == "__main__":
    main()
