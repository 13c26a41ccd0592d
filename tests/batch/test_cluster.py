"""Workers on a cluster of two nodes, both of which are this machine."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from batch_helpers import answers, jobs, running, steps, write_stories
from cli_helpers import fails, story
from process_helpers import finish, start

from keydiff_cli.batch.dispatch import Dispatcher
from keydiff_cli.batch.engine import Here
from keydiff_cli.batch.messages import Far, Message, Orders

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
pytest.importorskip("ray", reason='pip install -e ".[ray]"')
from keydiff_cli.batch.cluster import Cluster

pytestmark = pytest.mark.ray
READING = "ray::_Actor.messages"  # what a worker is called while it has a job


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """The address of a cluster of two nodes."""
    from ray.cluster_utils import Cluster as Nodes

    one = {"num_cpus": 1, "include_dashboard": False, "object_store_memory": 80 * 2**20}
    nodes = Nodes(initialize_head=True, head_node_args=one)
    nodes.add_node(num_cpus=1, object_store_memory=80 * 2**20)
    nodes.wait_for_nodes()
    yield nodes.address
    nodes.shutdown()


def test_workers_killed_while_they_read_lose_nothing_and_nothing_comes_twice(
    cluster: str, orders: Orders, tmp_path: Path
) -> None:
    paths = write_stories(tmp_path, 3, lines=500)
    alone = Orders(replace(orders.settings, cache=False))
    whole = list(Here(alone).messages(jobs(paths)))
    crew = Cluster(orders, cluster, None)
    assert crew.places == 2
    taken: list[Message] = []
    killed: list[psutil.Process] = []
    for message in Dispatcher(crew).messages(jobs(paths)):
        taken.append(message)
        is_half = isinstance(message, Far) and message.number == 0 and message.share > 0.5
        if is_half and not killed:
            killed = running(READING)
            for worker in killed:
                worker.kill()
    assert killed
    assert answers(taken) == answers(whole), "an answer is missing, there twice, or another one"
    assert steps(taken) < 1.3 * steps(whole), "it was not read on from its last snapshot"


def test_documents_that_are_sent_have_their_rows_though_their_workers_die(
    cluster: str, tiny_path: Path, tmp_path: Path
) -> None:
    (tmp_path / "a.txt").write_text(story(lines=500))
    (tmp_path / "b.txt").write_text(story(lines=4))
    words = ("batch", "a.txt", "none.txt", "b.txt", "-q", "1?", "-q", "2?", "--send", "--quiet")
    there = ("--engine", "ray", "--address", cluster, "-m", tiny_path, "--max-tokens", 4)
    process = start(*words, *there, cwd=tmp_path)
    while not (working := running(READING)) and process.poll() is None:
        time.sleep(0.05)
    for worker in working:
        worker.kill()
    done = finish(process)
    rows = [json.loads(line) for line in done.out.splitlines()]
    assert (done.status, bool(working)) == (1, True)
    assert "none.txt cannot be read: No such file or directory" in done.warnings
    assert [(row["document"], row["question"], row["error"] is None) for row in rows] == [
        (name, question, name != "none.txt")
        for name in ("a.txt", "none.txt", "b.txt")
        for question in ("1?", "2?")
    ]


def test_ctrl_c_ends_the_workers_and_not_the_cluster(
    cluster: str, tiny_path: Path, tmp_path: Path
) -> None:
    [path] = write_stories(tmp_path, 1, lines=2500)
    process = start(
        "batch", path, "-q", "?", *("--engine", "ray", "--address", cluster, "-m", tiny_path)
    )
    while not (working := running(READING)) and process.poll() is None:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    assert fails(finish(process), 130) == "interrupted"
    gone, alive = psutil.wait_procs(working, timeout=20)
    assert (bool(gone), alive) == (True, [])
    assert running("raylet")


def test_a_cluster_that_is_not_there_is_said_in_a_line(tiny_path: Path, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(story(lines=3))
    there = ("--engine", "ray", "--address", "127.0.0.1:1", "-m", tiny_path)
    done = finish(start("batch", tmp_path / "a.txt", "-q", "?", *there))
    assert fails(done, 1).startswith("the cluster of Ray cannot be reached at 127.0.0.1:1: ")
