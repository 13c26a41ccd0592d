"""A program beside this one, which may fail at any request; here it writes what it likes."""

from __future__ import annotations

import itertools
import time
from pathlib import Path

import pytest

from keydiff_cli.documents import worker as worker_module
from keydiff_cli.documents.worker import Worker, WorkerError

_PROGRAM = """
import json, os, sys, time
def answer(what):
    data = json.dumps(what).encode()
    os.write(1, len(data).to_bytes(4, "big") + data)
answer({{"arguments": sys.argv[3:]}})
for line in sys.stdin:
    {code}
"""


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of the program, which is yet to be written."""
    path = tmp_path / "program.py"
    monkeypatch.setattr(worker_module, "_SERVING", path)
    return path


def start(program: Path, code: str, patience: float = 30.0) -> Worker:
    program.write_text(_PROGRAM.format(code=code))
    with program.open("rb") as file:
        return Worker(Path("a"), file.fileno(), patience, ["8"])


def test_it_answers(program: Path) -> None:
    worker = start(program, "answer({'said': line.strip() * 40_000})")
    assert worker.first == {"arguments": ["8"]}
    assert worker.ask(b"yes\n") == {"said": "yes" * 40_000}
    worker.close()


def test_it_works_on_a_request_that_was_begun(program: Path, tmp_path: Path) -> None:
    worker = start(program, f"open({str(tmp_path)!r} + '/' + line.strip(), 'w'); answer(line)")
    worker.begin(b"one\n")
    deadline = time.monotonic() + 20
    while not (tmp_path / "one").exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert worker.ask(b"one\n") == "one\n"
    worker.begin(b"two\n")
    assert worker.ask(b"three\n") == "three\n"
    worker.close()


def test_a_request_that_was_begun_and_at_which_it_fails(program: Path) -> None:
    worker = start(program, "os.abort()")
    worker.begin(b"one\n")
    worker._process.wait()
    with pytest.raises(WorkerError, match=r"^it crashed$"):
        worker.ask(b"one\n")
    worker.begin(b"two\n")  # says nothing
    with pytest.raises(WorkerError, match=r"^it crashed$"):
        worker.ask(b"two\n")


@pytest.mark.parametrize(
    "code, reason",
    [
        ("os.abort()", "it crashed"),
        ("time.sleep(60)", "it took more than 2 s"),
        ("os.write(1, bytes([0, 0, 0, 1]) + b'{')", "it crashed"),
        ("os.write(1, bytes([255] * 9))", "too large or too intricate"),
    ],
)
def test_a_request_at_which_it_fails(code: str, reason: str, program: Path) -> None:
    worker = start(program, code, patience=2.0)
    with pytest.raises(WorkerError, match=f"^{reason}$"):
        worker.ask(b"yes\n")
    with pytest.raises(WorkerError, match=r"^it crashed$"):  # it was ended
        worker.ask(b"yes\n")


def test_what_cannot_be_started(program: Path) -> None:
    program.write_text("raise SystemExit")
    with program.open("rb") as file, pytest.raises(WorkerError, match="it crashed"):
        Worker(Path("a"), file.fileno(), 30.0)


def test_time_in_which_this_process_was_stopped_does_not_count(
    program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with Ctrl-Z, which stops the program, too; here an hour passes at every look."""
    hours = itertools.count(0.0, 3600.0)
    monkeypatch.setattr(worker_module, "monotonic", hours.__next__)
    monkeypatch.setattr(worker_module, "_LOOK", 0.01)
    worker = start(program, "time.sleep(0.1); answer({'said': 'yes'})")
    assert worker.ask(b"yes\n") == {"said": "yes"}
    worker.close()
