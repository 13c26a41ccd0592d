"""What stands before all requests: keys, hosts, sizes and times."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from served import KEY, Served, serving

pytest.importorskip("uvicorn")
pytestmark = [pytest.mark.serve, pytest.mark.model]


@pytest.fixture(scope="module")
def server(
    small_path: Path, models_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    cache = tmp_path_factory.mktemp("cache")
    options = "--head-seconds", 1, "--connections", 6, "--cors", "https://page.example", "--log"
    with serving(*options, models=models_folder, cache=cache) as server:
        yield server


def raw(server: Served, data: bytes) -> bytes:
    """What comes until the server closes the connection."""
    host, port = server.base.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), 20) as connection:
        connection.sendall(data)
        come = b""
        while piece := connection.recv(4096):
            come += piece
    return come


def test_without_a_key_there_is_nothing_but_health(server: Served) -> None:
    assert server.get("/health", Authorization="") == {"status": "ok"}
    for key in ("", KEY, f"Bearer {KEY}x", f"Basic {KEY}"):
        for path in ("/v1/models", "/metrics", "/v1/nothing"):
            refused = server.get(path, Authorization=key)
            assert (server.status, refused["error"]["code"]) == (401, "invalid_api_key")
    assert server.headers["www-authenticate"] == "Bearer"
    assert not any(KEY in line for line in server.said)


def test_a_name_that_leads_here_is_none_of_ours(server: Served) -> None:
    for host, status in (("evil.example", 403), ("127.0.0.1:1", 200), ("LOCALHOST", 200)):
        server.get("/health", Host=host)
        assert server.status == status


def test_pages_of_an_origin_that_was_named(server: Served) -> None:
    asked = {"Access-Control-Request-Method": "POST", "Authorization": ""}
    for origin, allowed in (("https://page.example", True), ("https://evil.example", False)):
        server.get("/v1/files", method="OPTIONS", Origin=origin, **asked)
        assert (server.headers.get("access-control-allow-origin") == origin) is allowed


def test_a_head_or_a_body_that_does_not_come_ends_the_connection(server: Served) -> None:
    began = time.monotonic()
    assert raw(server, b"GET /health HTTP/1.1\r\nHost: loc") == b""
    head = (
        b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n"
        b"Authorization: Bearer " + KEY.encode() + b"\r\n\r\n{"
    )
    assert b" 408 " in raw(server, head).splitlines()[0]
    assert 2 <= time.monotonic() - began < 10


def test_what_is_no_http_is_refused(server: Served) -> None:
    assert b" 400 " in raw(server, b"\x16\x03\x01\r\n\r\n").splitlines()[0]
    long = b"GET / HTTP/1.1\r\nX: " + b"x" * 100_000
    assert b" 400 " in raw(server, long).splitlines()[0]


def test_no_more_connections_are_open_than_may(server: Served) -> None:
    host, port = server.base.removeprefix("http://").split(":")
    opened = [socket.create_connection((host, int(port)), 20) for _ in range(8)]
    try:
        closed = 0
        for connection in opened[6:]:
            try:
                closed += connection.recv(1) == b""
            except ConnectionResetError:
                closed += 1
        assert closed == 2
    finally:
        for connection in opened:
            connection.close()
    assert any(line == "keydiff: 200 GET /health" for line in server.said)
