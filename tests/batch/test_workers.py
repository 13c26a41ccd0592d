"""Workers that are processes: killed while they read, stopped with the command, under one cap."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from batch_helpers import QUESTIONS, answers, jobs, running, steps, write_stories
from cli_helpers import story
from process_helpers import POSIX, finish, start

from keydiff_cli.batch.dispatch import Dispatcher
from keydiff_cli.batch.engine import Here
from keydiff_cli.batch.messages import Far, Message, Orders, Outcome
from keydiff_cli.batch.workers import Workers

pytestmark = pytest.mark.skipif(not POSIX, reason="needs signals")


def workers(process: int | None = None) -> list[psutil.Process]:
    """The workers of a process."""
    return running("spawn_main", process, directly=True)


def test_one_killed_while_it_reads_is_followed_by_one_that_reads_on(
    orders: Orders, tmp_path: Path
) -> None:
    paths = write_stories(tmp_path, 2, lines=500)
    alone = Orders(replace(orders.settings, cache=False))
    whole = list(Here(alone).messages(jobs(paths)))
    taken: list[Message] = []
    killed = False
    for message in Dispatcher(Workers(orders, 1)).messages(jobs(paths)):
        taken.append(message)
        is_half = isinstance(message, Far) and message.number == 0 and message.share > 0.5
        if is_half and not killed:
            [worker] = workers()
            worker.kill()
            killed = True
    assert killed
    assert answers(taken) == answers(whole), "an answer is missing, there twice, or another one"
    assert steps(taken) < 1.3 * steps(whole), "it was not read on from its last snapshot"
    assert workers() == []


def started(tiny_path: Path, tmp_path: Path) -> tuple[subprocess.Popen[bytes], Path]:
    """The command with two workers, when it has written its first row."""
    paths = write_stories(tmp_path, 4, lines=2500)
    paths[0] = str(tmp_path / "short.txt")
    Path(paths[0]).write_text(story(lines=3))
    bounds = ("--model", tiny_path, "--budget", 256, "--max-tokens", 4, "--threads", 1)
    out = tmp_path / "rows.jsonl"
    process = start("batch", *paths, "-q", "?", *bounds, "--out", out, "--workers", 2)
    while not (out.exists() and out.read_text()):
        assert process.poll() is None, finish(process)
        time.sleep(0.02)
    return process, out


@pytest.mark.parametrize(
    ("number", "status"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)],
)
def test_no_worker_stays_behind_and_rows_are_kept(
    number: int, status: int, tiny_path: Path, tmp_path: Path
) -> None:
    process, out = started(tiny_path, tmp_path)
    children = workers(process.pid)
    assert len(children) == 2
    os.kill(process.pid, number)
    assert finish(process).status == status
    gone, alive = psutil.wait_procs(children, timeout=10)
    assert (len(gone), alive) == (2, [])
    [row] = map(json.loads, out.read_text().splitlines())
    assert row["document"].endswith("short.txt")
    assert row["error"] is None


def test_one_that_dies_twice_over_a_document_has_it_in_its_row(
    orders: Orders, tmp_path: Path
) -> None:
    paths = write_stories(tmp_path, 2, lines=500)
    orders = Orders(replace(orders.settings, cache=False))
    found, killed = [], set[int]()
    for message in Dispatcher(Workers(orders, 1)).messages(jobs(paths)):
        if isinstance(message, Far) and message.number == 0:
            for worker in workers():
                if worker.pid not in killed:
                    killed.add(worker.pid)
                    worker.kill()
        if isinstance(message, Outcome):
            found.append((message.number, message.question, message.error is None))
    assert len(killed) == 2
    assert found == [(number, each, number == 1) for number in range(2) for each in QUESTIONS]


@pytest.mark.model
def test_all_of_them_stay_under_the_cap(small_path: Path, tmp_path: Path) -> None:
    cap = 800_000_000
    paths = write_stories(tmp_path, 2, lines=50)
    bounds = ("--model", small_path, "--memory", cap, "--max-tokens", 4, "--threads", 1)
    process = start(
        "batch", *paths, "-q", "?", *bounds, "--workers", 2, "--quiet", "--out", tmp_path / "o"
    )
    peak, both = 0, 0
    while process.poll() is None:
        with_all = [psutil.Process(process.pid), *workers(process.pid)]
        peak = max(peak, sum(map(_proportional, with_all)))
        both = max(both, len(with_all))
        time.sleep(0.05)
    assert finish(process).status == 0
    assert both == 3
    assert 2 * small_path.stat().st_size < peak <= cap


def _proportional(process: psutil.Process) -> int:
    """Bytes of a process, those shared by n processes divided by n."""
    try:
        return int(process.memory_full_info().pss)
    except (psutil.Error, ProcessLookupError):
        return 0
