"""The limit of open files: raised where that may be, one line where it is too small."""

from __future__ import annotations

import sys

import pytest
from process_helpers import COMMAND, POSIX, run_process

from keydiff_cli.system.open_files import LEAST

pytestmark = pytest.mark.skipif(not POSIX, reason="needs limits of a process")
LIMITED = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard}))
os.execv(sys.argv[1], sys.argv[1:])
"""


def limited(soft: int, hard: int) -> list[str]:
    return [sys.executable, "-c", LIMITED.format(soft=soft, hard=hard), *COMMAND]


@pytest.mark.parametrize("limit", [8, LEAST - 1])
def test_too_few_are_one_line(limit: int) -> None:
    done = run_process("doctor", command=limited(limit, limit))
    assert (done.status, done.out) == (1, "")
    assert done.err == (
        f"keydiff: error: no more than {limit} files may be open at once, and {LEAST} are needed; "
        "run 'ulimit -n 256' in a new shell\n"
    )


@pytest.mark.parametrize(("soft", "hard"), [(8, 4096), (LEAST, LEAST)])
def test_enough_can_be_had(soft: int, hard: int) -> None:
    done = run_process("config", "path", command=limited(soft, hard))
    assert (done.status, done.err) == (0, "")
