"""Programs that are started: their status and output, and that none of them stays behind."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import pytest

from keydiff_cli.system import processes
from keydiff_cli.system.processes import orderly_end, run

posix = pytest.mark.skipif(os.name != "posix", reason="needs process groups and signals")


@pytest.fixture
def output() -> Iterator[BinaryIO]:
    with tempfile.TemporaryFile() as file:
        yield file


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
    code = (
        "import pathlib, time\n"
        "while not pathlib.Path('seen').exists() or pathlib.Path('seen').stat().st_size < 2:\n"
        "    time.sleep(0.01)"
    )

    def tick() -> None:
        with open(tmp_path / "seen", "ab") as file:
            file.write(b".")

    assert run(python(code), folder=tmp_path, output=output, tick=tick) == 0
    assert (tmp_path / "seen").stat().st_size >= 2


def gone(number: int) -> bool:
    """Whether a process ends within a few seconds (one that waits to be reaped has ended)."""
    for _ in range(300):
        try:
            os.kill(number, 0)
            state = Path(f"/proc/{number}/stat")
            if state.exists() and state.read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except (ProcessLookupError, FileNotFoundError):
            return True
        time.sleep(0.01)
    return False


def interrupt_once(path: Path) -> Callable[[], None]:
    """Raise Ctrl-C as soon as the program has written a file."""

    def tick() -> None:
        if path.exists() and path.read_text().endswith("\n"):
            raise KeyboardInterrupt

    return tick


@posix
@pytest.mark.parametrize("stubborn", [False, True])
def test_a_program_ends_with_all_that_it_started(
    stubborn: bool, tmp_path: Path, output: BinaryIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "_POLL_SECONDS", 0.02)
    monkeypatch.setattr(processes, "_TERMINATE_SECONDS", 0.2 if stubborn else 10.0)
    ignore = "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" if stubborn else ""
    code = (
        "import os, pathlib, signal, subprocess, time\n"
        f"{ignore}"
        "child = subprocess.Popen(['sleep', '60'])\n"
        "pathlib.Path('numbers').write_text(f'{os.getpid()} {child.pid}\\n')\n"
        "time.sleep(60)"
    )
    numbers = tmp_path / "numbers"
    with pytest.raises(KeyboardInterrupt):
        run(python(code), folder=tmp_path, output=output, tick=interrupt_once(numbers))
    assert all(gone(int(number)) for number in numbers.read_text().split())


@posix
def test_what_must_come_to_its_end_is_not_cut_short(tmp_path: Path, output: BinaryIO) -> None:
    """The signal comes while the program runs, and counts when it has ended."""
    code = (
        "import pathlib, time\n"
        "while not pathlib.Path('asked').exists(): time.sleep(0.01)\n"
        "pathlib.Path('done').touch()"
    )
    came: list[bool] = []

    def tick() -> None:
        if not (tmp_path / "asked").exists():
            signal.raise_signal(signal.SIGTERM)
            (tmp_path / "asked").touch()

    before = signal.signal(signal.SIGTERM, lambda *_: came.append((tmp_path / "done").exists()))
    try:
        status = run(python(code), folder=tmp_path, output=output, tick=tick, whole=True)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert (status, came) == (0, [True])


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
