"""A program beside this one, which may fail at any request."""

from __future__ import annotations

from pathlib import Path

import pytest

from keydiff_cli.documents.worker import Worker, WorkerError

_PROGRAM = """
import json, os, sys, time
def answer(what):
    data = json.dumps(what).encode()
    os.write(1, len(data).to_bytes(4, "big") + data)
answer({{"arguments": sys.argv[2:]}})
for line in sys.stdin:
    {code}
"""


def start(folder: Path, code: str, patience: float = 30.0) -> Worker:
    program = folder / "program.py"
    program.write_text(_PROGRAM.format(code=code))
    with program.open("rb") as file:
        return Worker(program, file.fileno(), patience, ["8"])


def test_it_answers(tmp_path: Path) -> None:
    worker = start(tmp_path, "answer({'said': line.strip() * 40_000})")
    assert worker.first == {"arguments": ["8"]}
    assert worker.ask(b"yes\n") == {"said": "yes" * 40_000}
    worker.close()


@pytest.mark.parametrize(
    "code, reason",
    [
        ("os.abort()", "it crashed"),
        ("time.sleep(60)", "it took more than 2 s"),
        ("os.write(1, bytes([0, 0, 0, 1]) + b'{')", "it crashed"),
        ("os.write(1, bytes([255] * 9))", "too large or too intricate"),
    ],
)
def test_a_request_at_which_it_fails(code: str, reason: str, tmp_path: Path) -> None:
    worker = start(tmp_path, code, patience=2.0)
    with pytest.raises(WorkerError, match=f"^{reason}$"):
        worker.ask(b"yes\n")
    with pytest.raises(WorkerError, match=r"^it crashed$"):  # it was ended
        worker.ask(b"yes\n")


def test_what_cannot_be_started(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text("raise SystemExit")
    with program.open("rb") as file, pytest.raises(WorkerError, match="it crashed"):
        Worker(program, file.fileno(), 30.0)
