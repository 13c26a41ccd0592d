"""Workers that are processes on this machine."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import suppress
from dataclasses import replace
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait
from typing import Any

from keydiff_cli.ask import sketch_plan
from keydiff_cli.batch.asker import Asker
from keydiff_cli.batch.dispatch import Died
from keydiff_cli.batch.messages import Job, Message, Orders
from keydiff_cli.errors import ExitStatus
from keydiff_cli.planning.sharing import Sharing
from keydiff_cli.report import Events
from keydiff_cli.system import machine

_SECONDS = 5.0  # that a process may take to end


class Workers:
    """Processes on this machine; see :class:`~keydiff_cli.batch.dispatch.Crew`."""

    def __init__(self, orders: Orders, count: int) -> None:
        self.places = count
        self._orders = orders
        self._context = get_context("spawn")  # a forked one would have locks of llama.cpp
        self._processes: dict[int, Any] = {}
        self._pipes: dict[int, Connection] = {}

    def start(self, place: int) -> None:
        ours, its = self._context.Pipe()
        process = self._context.Process(target=_work, args=(its, self._orders), daemon=True)
        process.start()
        its.close()  # so that the pipe ends with the process
        self._processes[place], self._pipes[place] = process, ours

    def give(self, place: int, job: Job) -> None:
        with suppress(BrokenPipeError):  # it is dead, as will be received
            self._pipes[place].send(job)

    def receive(self) -> tuple[int, Message | Died]:
        ready: Any = wait(self._pipes.values())[0]
        [place] = (place for place, pipe in self._pipes.items() if pipe is ready)
        try:
            return place, ready.recv()
        except (EOFError, OSError):
            self._pipes.pop(place).close()
            return place, Died(_end(self._processes.pop(place)))

    def close(self) -> None:
        for process in self._processes.values():
            process.terminate()
        for process in self._processes.values():
            _end(process)
        for pipe in self._pipes.values():
            pipe.close()
        self._processes, self._pipes = {}, {}


def share(orders: Orders, workers: int, events: Events) -> Orders:
    """The orders of each of several workers: its share of the memory cap and of the threads.

    The model is fetched first if it is not here yet.

    Raises
    ------
    MemoryCapError
        If the cap is too small for so many.
    ModelError
        If there is no such model.
    """
    plan = sketch_plan(orders.settings, events, workers)
    sharing = Sharing(workers, plan["weights_bytes"], machine.resident())
    return replace(orders, settings=sharing.settings(orders.settings))


def _end(process: Any) -> str:
    """Make sure that a process is gone; how it ended, in words."""
    process.join(_SECONDS)
    if process.exitcode is None:
        process.kill()
        process.join()
    code: int = process.exitcode
    process.close()
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def _work(pipe: Connection, orders: Orders) -> None:
    """Do one job after another, in a process of its own."""
    from keydiff_cli.llama import echo_log

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process that gave the job ends this one
    threading.Thread(target=_end_with_parent, daemon=True).start()
    echo_log(orders.verbose)
    with Asker(orders) as asker, suppress(EOFError, BrokenPipeError):
        while True:
            for message in asker.messages(pipe.recv()):
                pipe.send(message)


def _end_with_parent() -> None:
    """End this process when the one that started it is gone, however that ended."""
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(ExitStatus.ERROR)
