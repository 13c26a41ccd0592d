"""RPC servers: each is tried apart, and what does not answer as it should is named."""

from __future__ import annotations

import json
import socket
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from process_helpers import run_process
from rpc_server import free_port

from keydiff_cli.errors import ModelError
from keydiff_cli.llama import servers
from keydiff_cli.llama.servers import connect


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


def test_a_build_without_rpc_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers, "_adder", lambda: None)
    with pytest.raises(ModelError, match="cannot use RPC servers; run 'keydiff build-llama'"):
        connect("127.0.0.1:1")


def test_a_server_that_cannot_be_reached_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before any process is started for it."""
    monkeypatch.setattr(servers, "_adder", lambda: pytest.fail)
    monkeypatch.setattr(servers.subprocess, "run", lambda *_, **__: pytest.fail("it was tried"))
    nobody = f"127.0.0.1:{free_port()}"
    with pytest.raises(ModelError, match=f"the RPC server {nobody} cannot be reached: .*; start "):
        connect(nobody)


def test_a_server_that_says_nothing_is_given_up(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(servers, "_ANSWER_SECONDS", 5.0)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(30)
        name = f"127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(ModelError) as caught:
            connect(name)
        silent.accept()[0].close()  # whether anybody is there
        client, _ = silent.accept()
        with client:
            assert client.recv(1), "llama.cpp has asked it nothing"
    assert caught.value.status == 4
    assert str(caught.value) == f"{name} does not answer; is it llama.cpp's RPC server, and idle?"


def test_a_server_of_another_kind_is_named(server: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        threading.Thread(target=answer, args=(other, b"SSH-2.0-x\r\n"), daemon=True).start()
        name = f"127.0.0.1:{other.getsockname()[1]}"
        with pytest.raises(ModelError) as caught:
            connect(name)
    assert caught.value.status == 4
    assert str(caught.value) == (
        f"{name} is no RPC server of this llama.cpp; start there the one of the same version"
    )


def test_doctor_tries_each_server_apart(server: str, tmp_path: Path) -> None:
    """Those that hang up or say something else do not hide those that answer."""
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
    report = json.loads(done.out)
    assert [device["name"] for device in report["library"]["devices"]] == ["CPU", "RPC0"]
    assert report["library"]["devices"][1]["description"] == server
    advice = "is no RPC server of this llama.cpp; start there the one of the same version"
    assert report["problems"][0] == f"{strange[0]} {advice}"
    assert f"the RPC server {nobody} cannot be reached" in report["problems"][1]
    assert report["problems"][2] == f"{strange[1]} {advice}"
    assert len(done.warnings) == 3


def test_a_server_of_two_names_is_refused(server: str, tmp_path: Path) -> None:
    """It takes one client at a time, so llama.cpp would wait for it for ever."""
    other = server.replace("127.0.0.1", "localhost")
    done = run_process("doctor", "--json", cwd=tmp_path, KEYDIFF_RPC=f"{server},{other}")
    assert done.status == 1
    (problem,) = json.loads(done.out)["problems"]
    assert problem == f"{server} and {other} are the same RPC server; name it once"


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
