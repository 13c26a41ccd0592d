"""Programs that are started: their status and output, and that none of them stays behind."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import pytest

from keydiff_cli.system import processes
from keydiff_cli.system.processes import orderly_end, run

posix = pytest.mark.skipif(os.name != "posix", reason="needs process groups, signals and pipes")
SECONDS = 30  # that anything here takes at most


@pytest.fixture(autouse=True)
def looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "_POLL_SECONDS", 0.02)


@pytest.fixture
def output() -> Iterator[BinaryIO]:
    with tempfile.TemporaryFile() as file:
        yield file


@pytest.fixture
def pipe(tmp_path: Path) -> Iterator[int]:
    """The descriptor of a named pipe that programs can open as ``pipe`` without waiting."""
    os.mkfifo(tmp_path / "pipe")
    descriptor = os.open(tmp_path / "pipe", os.O_RDWR)
    yield descriptor
    os.close(descriptor)


def said(output: BinaryIO) -> str:
    output.seek(0)
    return output.read().decode()


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_status_and_output_are_those_of_the_program(tmp_path: Path, output: BinaryIO) -> None:
    code = (
        "import os, sys\n"
        "print(os.getcwd(), os.environ['WORD'], repr(sys.stdin.read()), flush=True)\n"
        "print('complaint', file=sys.stderr)\n"
        "sys.exit(7)"
    )
    environment = {**os.environ, "WORD": "keyword"}
    status = run(python(code), folder=tmp_path, output=output, environment=environment)
    assert status == 7
    assert said(output).splitlines() == [f"{tmp_path.resolve()} keyword ''", "complaint"]


def test_a_program_is_looked_after_while_it_runs(tmp_path: Path, output: BinaryIO) -> None:
    """It ends only when it has been looked after twice."""
    connections: list[socket.socket] = []

    def tick() -> None:
        if not connections:
            connections.append(server.accept()[0])
        with suppress(OSError):  # when it has ended
            connections[0].sendall(b".")

    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(SECONDS)
        code = (
            "import socket\n"
            f"address = {server.getsockname()!r}\n"
            f"with socket.create_connection(address, timeout={SECONDS}) as connection:\n"
            "    assert connection.recv(1) + connection.recv(1) == b'..'"
        )
        assert run(python(code), folder=tmp_path, output=output, tick=tick) == 0, said(output)
    connections[0].close()


@posix
@pytest.mark.parametrize(
    ("stubborn", "error"),
    [(False, KeyboardInterrupt), (False, SystemExit), (True, KeyboardInterrupt)],
)
def test_a_program_ends_with_all_that_it_started(
    stubborn: bool,
    error: type[BaseException],
    tmp_path: Path,
    output: BinaryIO,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The program and its child hold a pipe open, which is at its end when both are gone."""
    monkeypatch.setattr(processes, "_TERMINATE_SECONDS", 0.2 if stubborn else 10.0)
    ignore = "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" if stubborn else ""
    code = (
        "import os, signal, subprocess, time\n"
        f"{ignore}"
        "held = os.open('held', os.O_WRONLY)\n"
        "subprocess.Popen(['sleep', '60'], stdout=held)\n"
        "open('started', 'w').close()\n"
        "time.sleep(60)"
    )

    def tick() -> None:
        if (tmp_path / "started").exists():
            raise error

    os.mkfifo(tmp_path / "held")
    held = os.open(tmp_path / "held", os.O_RDONLY | os.O_NONBLOCK)
    try:
        with pytest.raises(error):
            run(python(code), folder=tmp_path, output=output, tick=tick)
        assert select.select([held], [], [], SECONDS)[0], "one of them is still there"
        assert os.read(held, 1) == b""
    finally:
        os.close(held)


@posix
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_what_must_come_to_its_end_is_not_cut_short(
    number: signal.Signals, tmp_path: Path, output: BinaryIO, pipe: int
) -> None:
    """The signal comes while the program runs, and counts when it has ended."""
    code = "import os; os.read(os.open('pipe', os.O_RDONLY), 1); open('done', 'w').close()"
    sent: list[int] = []
    came: list[tuple[int, bool]] = []

    def tick() -> None:
        if not sent:
            sent.append(number)
            signal.raise_signal(number)
            os.write(pipe, b".")

    def handle(number: int, _: object) -> None:
        came.append((number, (tmp_path / "done").exists()))

    before = signal.signal(number, handle)
    try:
        status = run(python(code), folder=tmp_path, output=output, tick=tick, whole=True)
    finally:
        signal.signal(number, before)
    assert (status, came) == (0, [(number, True)])


@posix
@pytest.mark.parametrize(
    ("number", "raised"), [(signal.SIGTERM, SystemExit), (signal.SIGINT, KeyboardInterrupt)]
)
def test_a_signal_ends_in_order_and_handlers_come_back(
    number: signal.Signals, raised: type[BaseException]
) -> None:
    handlers = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    cleaned = []
    with pytest.raises(raised) as caught, orderly_end(), orderly_end():
        try:
            signal.raise_signal(number)
        finally:
            signal.raise_signal(number)  # a second one does not cut this short
            cleaned.append(True)
    assert cleaned == [True]
    if raised is SystemExit:
        assert caught.value.code == 128 + number
    assert {each: signal.getsignal(each) for each in handlers} == handlers


@posix
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_does_not_cut_the_clean_up_short(
    number: signal.Signals, tmp_path: Path, pipe: int
) -> None:
    """It comes while a program that takes its time is being ended."""
    places = tmp_path / "places"
    places.mkdir()
    # By os.write, as a signal may come while print, which cannot be entered twice, is at work.
    slow = (
        "import os, signal, sys, time\n"
        "def end(*_):\n"
        "    os.write(1, b'ending\\n')\n"
        f"    os.read(os.open({str(tmp_path / 'pipe')!r}, os.O_RDONLY), 1)\n"
        "    sys.exit()\n"
        "signal.signal(signal.SIGTERM, end)\n"
        "os.write(1, b'%d\\n' % os.getpid())\n"
        "time.sleep(60)"
    )
    code = (
        "import os, pathlib, sys, tempfile\n"
        "from keydiff_cli.system.processes import orderly_end, run\n"
        f"with orderly_end(), tempfile.TemporaryDirectory(dir={str(places)!r}) as folder:\n"
        "    pathlib.Path(folder, 'file').touch()\n"
        f"    run([sys.executable, '-c', {slow!r}], folder=pathlib.Path(folder),\n"
        "        output=sys.stdout, tick=lambda: os.write(2, b'.'))"
    )
    process = subprocess.Popen(
        python(code),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    with process:
        assert process.stdout is not None
        assert process.stderr is not None
        slow_number = int(process.stdout.readline())
        assert process.stderr.read(1) == b".", "the program is not waited for"
        process.send_signal(number)
        assert process.stdout.readline() == b"ending\n"
        process.send_signal(signal.SIGINT)
        os.write(pipe, b".")
        process.wait(SECONDS)
        with pytest.raises(ProcessLookupError):
            os.kill(slow_number, 0)
    assert list(places.iterdir()) == []
    assert process.returncode in (-number, 128 + number)


@posix
def test_a_signal_while_a_program_starts_ends_it(tmp_path: Path) -> None:
    """It is known by a pipe that ends when every process that writes to it has gone."""
    reading, writing = os.pipe()
    code = f"""
import io, os, signal, subprocess, sys, tempfile
from pathlib import Path
from keydiff_cli.system import processes

class Popen(subprocess.Popen):
    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options, pass_fds=[{writing}])
        signal.raise_signal(signal.SIGTERM)

subprocess.Popen = Popen
with tempfile.TemporaryFile() as output:
    processes.run(["sleep", "60"], folder=Path("."), output=output)
"""
    process = subprocess.Popen([sys.executable, "-c", code], pass_fds=[writing], cwd=tmp_path)
    os.close(writing)
    assert process.wait(SECONDS) == 128 + signal.SIGTERM
    assert select.select([reading], [], [], SECONDS)[0], "the program goes on"
    os.close(reading)
