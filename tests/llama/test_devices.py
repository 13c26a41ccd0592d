"""Layers on other devices: what is refused, and the same answer through an RPC server."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from cli_helpers import run, story
from process_helpers import run_process

from keydiff_cli.errors import ModelError, UsageError
from keydiff_cli.llama import HERE, Placement, devices
from keydiff_cli.llama.devices import chosen
from keydiff_cli.planning.placement import placement_of
from keydiff_cli.settings.config import Settings


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """An RPC server, where this llama.cpp build has one."""
    port = free_port()
    script = Path(__file__).parents[1] / "support" / "rpc_server.py"
    process = subprocess.Popen(
        [sys.executable, script, str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(100):
            if process.poll() is not None:
                pytest.skip("this llama.cpp build has no RPC")
            with socket.socket() as client:
                if client.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield f"127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def test_the_settings_say_where() -> None:
    assert placement_of(Settings()) == HERE
    assert placement_of(Settings(gpu_layers="auto")) == Placement(None)
    assert placement_of(Settings(gpu_layers="12", device="A, B")) == Placement(12, ("A", "B"))
    assert placement_of(Settings(rpc="x:1,y:2")) == Placement(None, (), ("x:1", "y:2"))
    with pytest.raises(UsageError, match=r"leaves nothing .*; leave it out, or device and rpc"):
        placement_of(Settings(gpu_layers="0", rpc="x:1"))


def test_what_is_not_there_is_refused() -> None:
    assert chosen(HERE) == []
    for name in ("Nowhere", "CPU"):
        with pytest.raises(ModelError, match=f"no device {name} beside the processor; "):
            chosen(Placement(None, (name,)))


def test_a_device_is_refused_where_none_can_be_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in builds of llama.cpp without the functions for it."""
    monkeypatch.setattr(devices, "_functions", lambda: None)
    with pytest.raises(ModelError, match="no device GPU0 beside the processor; leave device out"):
        chosen(Placement(None, ("GPU0",)))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--gpu-layers", "many"), "--gpu-layers: 'many' is neither a number of layers nor auto"),
        (("--gpu-layers", "-1"), "--gpu-layers: '-1' is neither"),
        (("--device", ","), "--device: ',' names no device"),
        (("--rpc", ""), "--rpc: '' names no HOST:PORT"),
        (("--rpc", "a:1,host"), "--rpc: 'host' is no HOST:PORT of an RPC server"),
        (("--rpc", "host:0"), "--rpc: 'host:0' is no HOST:PORT"),
        (("--rpc", "host:65536"), "--rpc: 'host:65536' is no HOST:PORT"),
        (("--rpc", "host:" + 5000 * "1"), "is no HOST:PORT"),
        (("--rpc", "a..b:50052"), "--rpc: 'a..b:50052' is no HOST:PORT"),
        (("--rpc", 64 * "a" + ":1"), "is no HOST:PORT"),
        (("--rpc", "[::1]:50052"), "--rpc: '[::1]:50052' is no HOST:PORT"),
        (("--rpc", "host:\u0665"), "is no HOST:PORT"),
        (("--rpc", "a:1,b:2,a:1"), "--rpc: 'a:1' is there twice; name it once"),
        (("--device", "RPC0,RPC0"), "--device: 'RPC0' is there twice"),
    ],
)
def test_wrong_numbers_are_refused(options: tuple[str, ...], message: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("text")
    done = run("ask", *options, tmp_path / "a.txt", "what?", cwd=tmp_path)
    assert done.status == 2
    assert message in done.errors[0]


@pytest.mark.model
def test_a_server_gives_the_same_answer(server: str, small_path: Path, tmp_path: Path) -> None:
    """Natively or by copies; the layers there take no memory here."""
    text = tmp_path / "story.txt"
    text.write_text(story(60))
    options = ("-m", "smollm2-135m", "--budget", "256", "--max-tokens", "8", "--json")
    reports = []
    for more in ((), ("--rpc", server), ("--rpc", server, "--gpu-layers", "12")):
        done = run_process(
            *("ask", *options, *more, "--policy", "keydiff", text, "Who keeps the bees?"),
            models=small_path.parent,
            cwd=tmp_path,
        )
        assert done.status == 0, done.err
        reports.append(json.loads(done.out))
    assert [report["model"]["gpu_layers"] for report in reports] == [0, 31, 12]
    assert len({report["answer"] for report in reports}) == 1
    here, there, part = (report["memory_bytes"]["planned"] for report in reports)
    assert there < part < here


@pytest.mark.model
def test_a_server_that_says_nothing_is_given_up(
    server: str, small_path: Path, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        name = f"127.0.0.1:{silent.getsockname()[1]}"
        done = run_process("plan", "-m", "smollm2-135m", "--rpc", name, models=small_path.parent)
    assert done.status == 4
    assert done.errors == [
        f"keydiff: error: {name} does not answer; is it llama.cpp's RPC server, and idle?"
    ]


def answer(listening: socket.socket, said: bytes) -> None:
    """Say something to whoever connects, and hang up."""
    while True:
        try:
            client, _ = listening.accept()
        except OSError:  # closed
            return
        with client, suppress(OSError):
            client.sendall(said)
            client.shutdown(socket.SHUT_WR)
            while client.recv(4096):
                pass


def test_doctor_tries_each_server_apart(server: str, tmp_path: Path) -> None:
    """One that hangs up and one that says something else do not hide those that answer."""
    nobody = f"127.0.0.1:{free_port()}"
    others = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
    try:
        for listening, said in zip(others, (b"", b"HTTP/1.1 400 Bad Request\r\n\r\n"), strict=True):
            threading.Thread(target=answer, args=(listening, said), daemon=True).start()
        strange = [f"127.0.0.1:{listening.getsockname()[1]}" for listening in others]
        settings = ",".join([strange[0], server, nobody, strange[1]])
        done = run_process("doctor", "--json", cwd=tmp_path, KEYDIFF_RPC=settings)
    finally:
        for listening in others:
            listening.close()
    assert done.status == 1
    found = json.loads(done.out)
    assert [one["name"] for one in found["library"]["devices"]] == ["CPU", "RPC0"]
    assert found["library"]["devices"][1]["description"] == server
    advice = "is no RPC server of this llama.cpp; start there the one of the same version"
    assert found["problems"][0] == f"{strange[0]} {advice}"
    assert f"the RPC server {nobody} cannot be reached" in found["problems"][1]
    assert found["problems"][2] == f"{strange[1]} {advice}"
    assert len(done.warnings) == 3


def test_a_server_of_two_names_is_refused(server: str, tmp_path: Path) -> None:
    """It takes one client at a time, so llama.cpp would wait for it for ever."""
    other = server.replace("127.0.0.1", "localhost")
    done = run_process("doctor", "--json", cwd=tmp_path, KEYDIFF_RPC=f"{server},{other}")
    assert done.status == 1
    (problem,) = json.loads(done.out)["problems"]
    assert problem == f"{server} and {other} are the same RPC server; name it once"


def test_doctor_does_not_send_to_itself(tmp_path: Path) -> None:
    done = run("doctor", cwd=tmp_path, KEYDIFF_GPU_LAYERS="3")
    if done.status == 0:
        pytest.skip("there is a device")
    (problem,) = done.warnings
    assert "no device beside the processor; leave --gpu-layers out" in problem
    assert "doctor" not in problem


@pytest.mark.model
def test_a_server_that_is_not_there_is_named(server: str, small_path: Path, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("text")
    nobody = f"127.0.0.1:{free_port()}"
    done = run_process(
        *("ask", "-m", "smollm2-135m", "--rpc", nobody, tmp_path / "a.txt", "what?"),
        models=small_path.parent,
        cwd=tmp_path,
    )
    assert done.status == 4
    assert f"the RPC server {nobody} cannot be reached" in done.errors[0]


@pytest.mark.model
def test_a_server_of_another_kind_is_named(server: str, small_path: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        threading.Thread(target=answer, args=(other, b"SSH-2.0-x\r\n"), daemon=True).start()
        name = f"127.0.0.1:{other.getsockname()[1]}"
        done = run_process("plan", "-m", "smollm2-135m", "--rpc", name, models=small_path.parent)
    assert done.status == 4
    assert done.errors == [
        f"keydiff: error: {name} is no RPC server of this llama.cpp; start there the one of the "
        "same version"
    ]


@pytest.mark.model
def test_a_pyramid_elsewhere_is_refused_at_once(
    server: str, small_path: Path, tmp_path: Path
) -> None:
    (tmp_path / "a.txt").write_text("text")
    done = run_process(
        *("ask", "-m", "smollm2-135m", "--rpc", server, "--policy", "pyramid"),
        *(tmp_path / "a.txt", "what?"),
        models=small_path.parent,
        cwd=tmp_path,
    )
    assert done.status == 2
    assert "--policy pyramid needs all layers on the processor; use another one" in done.errors[0]
