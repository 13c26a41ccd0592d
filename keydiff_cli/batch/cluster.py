"""Workers on a cluster of Ray: on each node a process with a model."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from keydiff_cli.batch.asker import Asker
from keydiff_cli.batch.dispatch import Died
from keydiff_cli.batch.messages import Job, Message, Orders, Over
from keydiff_cli.errors import KeydiffError, UsageError
from keydiff_cli.settings.config import Settings
from keydiff_cli.system.files import told_by

_SECONDS = 5.0  # that a cluster may take to answer


@dataclass(frozen=True)
class _Node:
    """A node: its name in the cluster, and its processors."""

    id: str
    processors: int


class Cluster:
    """Processes on the nodes of a cluster, in turn; see :class:`~.dispatch.Crew`.

    Parameters
    ----------
    address
        Of the cluster; None for the one that ``RAY_ADDRESS`` names or that runs on this machine,
        or else one of this process alone.
    count
        How many processes there are; None for one on each node.

    Raises
    ------
    UsageError
        If Ray is not installed.
    KeydiffError
        If the cluster cannot be reached.
    """

    def __init__(self, orders: Orders, address: str | None, count: int | None) -> None:
        self._ray = ray = _connected(address)
        self._orders = replace(orders, settings=_anywhere(orders.settings))
        nodes = self._nodes()
        self.places = count or len(nodes)
        self._homes = {place: nodes[place % len(nodes)] for place in range(self.places)}
        self._actor = ray.remote(max_restarts=0, max_task_retries=0)(_Actor)
        self._actors: dict[int, Any] = {}
        self._streams: dict[int, Any] = {}  # of what is told, by those that have a job

    def start(self, place: int) -> None:
        home, alive = self._homes[place], self._nodes()
        reserved = self._share(home)
        if home not in alive:  # another one does its work beside its own
            home, reserved = alive[place % len(alive)], 0
        threads = self._orders.settings.threads or self._share(home)
        orders = replace(self._orders, settings=replace(self._orders.settings, threads=threads))
        strategy = self._ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy
        where = strategy(node_id=home.id, soft=True)
        options = self._actor.options(num_cpus=reserved, scheduling_strategy=where)
        self._actors[place] = options.remote(orders)

    def give(self, place: int, job: Job) -> None:
        there = replace(job, path=os.path.abspath(job.path))
        self._streams[place] = self._actors[place].messages.remote(there)

    def receive(self) -> tuple[int, Message | Died]:
        [ready], _ = self._ray.wait(list(self._streams.values()), num_returns=1)
        [place] = (place for place, stream in self._streams.items() if stream is ready)
        try:
            message: Message = self._ray.get(next(ready))
        except (self._ray.exceptions.RayError, StopIteration) as error:
            del self._streams[place]
            self._kill(self._actors.pop(place))
            lines = str(error).strip().splitlines()
            failed = isinstance(error, self._ray.exceptions.RayTaskError)  # which ends with why
            return place, Died(lines[-1] if failed and lines else type(error).__name__)
        if isinstance(message, Over):
            del self._streams[place]
        return place, message

    def close(self) -> None:
        for actor in self._actors.values():
            self._kill(actor)
        self._actors, self._streams = {}, {}
        self._ray.shutdown()

    def _kill(self, actor: Any) -> None:
        with suppress(self._ray.exceptions.RayError):
            self._ray.kill(actor)

    def _nodes(self) -> list[_Node]:
        """The nodes that are there, the largest first."""
        nodes = [
            _Node(node["NodeID"], int(node["Resources"].get("CPU", 0)))
            for node in self._ray.nodes()
            if node["Alive"]
        ]
        return sorted(nodes, key=lambda node: (-node.processors, node.id))

    def _share(self, home: _Node) -> int:
        """The processors of a worker: those of its node are divided among all that are on it."""
        there = sum(other == home for other in self._homes.values())
        return max(home.processors // max(there, 1), int(home.processors > 0))


class _Actor:
    """Asks on a node, with a model that stays loaded."""

    def __init__(self, orders: Orders) -> None:
        from keydiff_cli.llama import echo_log

        echo_log(orders.verbose)
        self._asker = Asker(orders)

    def messages(self, job: Job) -> Iterator[Message]:
        """What comes of a job, one after another."""
        # "yield from" would pass what Ray sends on to iterators that take nothing.
        for message in self._asker.messages(job):  # noqa: UP028
            yield message


def _connected(address: str | None) -> Any:
    """Ray, connected to the cluster."""
    # Before it is imported: it would report its use, and write what it has to say to stdout.
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ["RAY_DEDUP_LOGS_SKIP_REGEX"] = "."
    try:
        import ray
        import ray.util.scheduling_strategies
    except ImportError:
        raise UsageError(
            "--engine ray needs Ray; install it with: pip install 'keydiff-cli[ray]'"
        ) from None
    _require_reachable(address or os.environ.get("RAY_ADDRESS", ""))
    try:
        ray.init(address, include_dashboard=None, log_to_driver=False, logging_level=logging.ERROR)
    except (ConnectionError, RuntimeError, ValueError) as error:
        line = str(error).strip().partition("\n")[0]
        raise KeydiffError(f"the cluster of Ray cannot be reached: {line}") from None
    return ray


def _require_reachable(address: str) -> None:
    """Refuse an address where nobody answers: Ray would end this process.

    Raises
    ------
    KeydiffError
        If nobody does.
    """
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not host or not port.isdigit():
        return  # a word, such as "local" or "auto"
    try:
        socket.create_connection((host.strip("[]"), int(port)), _SECONDS).close()
    except (OSError, OverflowError) as error:
        raise KeydiffError(
            f"the cluster of Ray cannot be reached at {address}: {told_by(error)}"
        ) from None


def _anywhere(settings: Settings) -> Settings:
    """Settings whose paths are the same in every folder."""
    model = settings.model
    return replace(
        settings,
        model=os.path.abspath(model) if os.path.exists(model) else model,
        models_dir=settings.models_dir and os.path.abspath(os.path.expanduser(settings.models_dir)),
        cache_dir=settings.cache_dir and os.path.abspath(os.path.expanduser(settings.cache_dir)),
    )
