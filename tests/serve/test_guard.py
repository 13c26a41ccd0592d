"""What stands before all requests: keys, hosts, sizes and times."""

from __future__ import annotations

import time

import pytest
from served import KEY, Served, raw

pytest.importorskip("uvicorn")
pytestmark = [pytest.mark.serve, pytest.mark.model]


def test_without_a_key_there_is_nothing_but_health(bounded: Served) -> None:
    assert bounded.get("/health", Authorization="") == {"status": "ok"}
    for key in ("", KEY, f"Bearer {KEY}x", f"Basic {KEY}"):
        for path in ("/v1/models", "/metrics", "/v1/nothing"):
            refused = bounded.get(path, Authorization=key)
            assert (bounded.status, refused["error"]["code"]) == (401, "invalid_api_key")
    assert bounded.headers["www-authenticate"] == "Bearer"
    assert not any(KEY in line for line in bounded.said)


def test_a_name_that_leads_here_is_none_of_ours(bounded: Served) -> None:
    for host, status in (("evil.example", 403), ("127.0.0.1:1", 200), ("LOCALHOST", 200)):
        bounded.get("/health", Host=host)
        assert bounded.status == status


def test_pages_of_an_origin_that_was_named(bounded: Served) -> None:
    asked = {"Access-Control-Request-Method": "POST", "Authorization": ""}
    for origin, allowed in (("https://page.example", True), ("https://evil.example", False)):
        bounded.get("/v1/files", method="OPTIONS", Origin=origin, **asked)
        assert (bounded.headers.get("access-control-allow-origin") == origin) is allowed


def test_a_body_that_does_not_come_ends_the_connection(bounded: Served) -> None:
    head = (
        b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n"
        b"Authorization: Bearer " + KEY.encode() + b"\r\n\r\n{"
    )
    began = time.monotonic()
    assert b" 408 " in raw(bounded, head).splitlines()[0]
    assert 1 <= time.monotonic() - began < 10
    assert any(line == "keydiff: 408 POST /v1/chat/completions" for line in bounded.said)
