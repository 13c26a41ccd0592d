"""Connections: how many may be open, and how long the head of a request may take."""

from __future__ import annotations

import socket
import time

import pytest
from served import Served, raw

pytest.importorskip("uvicorn")
pytestmark = [pytest.mark.serve, pytest.mark.model]


def test_a_head_that_does_not_come_ends_the_connection(bounded: Served) -> None:
    began = time.monotonic()
    assert raw(bounded, b"GET /health HTTP/1.1\r\nHost: loc") == b""
    assert 1 <= time.monotonic() - began < 10


def test_what_is_no_http_is_refused(bounded: Served) -> None:
    assert b" 400 " in raw(bounded, b"\x16\x03\x01\r\n\r\n").splitlines()[0]
    long = b"GET / HTTP/1.1\r\nX: " + b"x" * 100_000
    assert b" 400 " in raw(bounded, long).splitlines()[0]


def test_no_more_connections_are_open_than_may(bounded: Served) -> None:
    host, port = bounded.base.removeprefix("http://").split(":")
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
