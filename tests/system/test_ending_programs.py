"""Signals that come while a program runs: it ends in order, or comes to its end first."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from keydiff_cli.system import processes
from keydiff_cli.system.processes import run

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs process groups and signals")


@pytest.fixture(autouse=True)
def looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "_POLL_SECONDS", 0.02)


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_a_program_ends_with_all_that_it_started(
    error: type[BaseException], tmp_path: Path
) -> None:
    started = tmp_path / "pid"
    code = (
        "import subprocess, sys, time; "
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); "
        f"open({str(started)!r}, 'w').write(str(child.pid)); time.sleep(60)"
    )

    def tick() -> None:
        if started.exists() and started.read_text():
            raise error

    with (tmp_path / "log").open("wb") as output, pytest.raises(error):
        run([sys.executable, "-c", code], folder=tmp_path, output=output, tick=tick)
    child = int(started.read_text())
    for _ in range(500):
        status = Path(f"/proc/{child}/stat")
        if not status.exists() or status.read_text().split()[2] == "Z":
            return
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    pytest.fail("the child of the program is still there")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_what_must_be_whole_is_finished_first(number: signal.Signals, tmp_path: Path) -> None:
    code = (
        "import os, time\n"
        "while not os.path.exists('sent'): time.sleep(0.01)\n"
        "open('done', 'w').close()"
    )

    def tick() -> None:
        if not (tmp_path / "sent").exists():
            os.kill(os.getpid(), number)
            (tmp_path / "sent").touch()

    came: list[int] = []
    before = signal.signal(number, lambda number, _: came.append(number))
    try:
        with (tmp_path / "log").open("wb") as output:
            command = [sys.executable, "-c", code]
            assert run(command, folder=tmp_path, output=output, tick=tick, whole=True) == 0
    finally:
        signal.signal(number, before)
    assert (tmp_path / "done").exists()
    assert came == [number]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_does_not_cut_the_clean_up_short(
    number: signal.Signals, tmp_path: Path
) -> None:
    """It comes while a program that takes its time is being ended."""
    sent, places = tmp_path / "sent", tmp_path / "places"
    places.mkdir()
    slow = (
        "import os, signal, sys, time\n"
        "def end(*_):\n"
        "    print('ending', flush=True)\n"
        f"    while not os.path.exists({str(sent)!r}): time.sleep(0.01)\n"
        "    sys.exit()\n"
        "signal.signal(signal.SIGTERM, end)\n"
        "print(os.getpid(), flush=True)\n"
        "time.sleep(60)"
    )
    code = (
        "import pathlib, sys, tempfile; from keydiff_cli.system.processes import orderly_end, run\n"
        f"with orderly_end(), tempfile.TemporaryDirectory(dir={str(places)!r}) as folder:\n"
        "    pathlib.Path(folder, 'file').touch()\n"
        f"    run([sys.executable, '-c', {slow!r}], folder=pathlib.Path(folder), output=sys.stdout)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        text=True,
    )
    with process:
        assert process.stdout is not None
        slow_one = int(process.stdout.readline())
        process.send_signal(number)
        assert process.stdout.readline() == "ending\n"
        process.send_signal(signal.SIGINT)
        sent.touch()
        process.wait(30)
        with pytest.raises(ProcessLookupError):
            os.kill(slow_one, 0)
    assert list(places.iterdir()) == []
    assert process.returncode in (-number, 128 + number)
